/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every setting of SPEC: key, type, default, limits, help; judging changes all or nothing. The table is
 * settings.def. Pure. */
#pragma once
#include "base/error.h"

G_BEGIN_DECLS

enum setting_id {
#define S(id, ...) SETTING_##id,
#include "core/settings.def"
#undef S
    SETTING_COUNT,
};

enum setting_type { SETTING_BOOL, SETTING_INT, SETTING_CHOICE, SETTING_TEXT };

struct setting_info {
    const char *key; /* "export.hour" */
    enum setting_type type;
    const char *fallback; /* default as text, through the same parser */
    const char *choices;  /* CHOICE: "smb|mail|ftp" */
    gint64 min, max;      /* INT */
    gboolean secret;      /* never shown, never by argv, stored sealed */
    gboolean schedule;    /* a change moves the moment from which run times count (RB5) */
    gboolean target;      /* part of the destination: a change re-plans what was not delivered */
    int device_limit,
        extended_limit;  /* TEXT: most characters (wide = 2) by limits=device / extended; 0 = 1023 */
    const char *unit;    /* "hour", "minutes", …; NULL */
    const char *help[2]; /* by enum pt_lang */
};
const struct setting_info *setting_info(enum setting_id id);
/* SETTING_COUNT if there is no such key. */
enum setting_id setting_from_key(const char *key);
/* What a mistyped key probably meant ("export.huor" or "hour" → export.hour); SETTING_COUNT if nothing is
 * near. */
enum setting_id setting_nearest(const char *key);
/* One value by its row's type: plain decimal digits within the limits; an index of the choices, -1 if it is
 * none; most characters of a TEXT (wide = 2). */
gboolean setting_int_parse(enum setting_id id, const char *text, gint64 *ret_value);
int setting_choice_index(enum setting_id id, const char *text);
gsize setting_limit(enum setting_id id, gboolean extended);

/* A complete set of values as text. A secret's text is sealed ("v1:WIDTH:BASE64") or "" when none is stored.
 * Owned. */
struct settings {
    char *text[SETTING_COUNT]; /* secrets are wiped when replaced or freed */
};
struct settings *settings_new(void); /* all defaults */
struct settings *settings_copy(const struct settings *settings);
void settings_free(struct settings *settings);
typedef struct settings PtSettings; /* for g_autoptr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PtSettings, settings_free)
/* A value that the row's own type cannot be (a damaged store) reads as the default. */
void settings_put(struct settings *settings, enum setting_id id, const char *text);
const char *settings_text(const struct settings *settings, enum setting_id id);
gboolean settings_bool(const struct settings *settings, enum setting_id id);
gint64 settings_int(const struct settings *settings, enum setting_id id);
/* Index of the value in the row's choices (enum values of users are in the same order as the table's
 * choices). */
int settings_choice(const struct settings *settings, enum setting_id id);
/* TEXT: most characters (wide = 2) of one value (mail.to: of one address) by the limits in force. */
gsize settings_limit(const struct settings *settings, enum setting_id id);
/* Characters of a stored secret (wide = 2) from its sealed text; 0 if none. */
int settings_secret_width(const char *sealed);

struct setting_change {
    enum setting_id id;
    const char *value; /* plain text as given, secrets too; valid UTF-8 is checked here */
};
struct setting_problem {
    enum setting_id id;
    char *message[2]; /* by enum pt_lang: what is wrong and the limit; never a secret */
};
void setting_problem_free(struct setting_problem *problem);

/* Judges all changes together on top of `current` (SPEC 5: a value given is judged by its own rule whatever
   the method; the limits in force are those after the change; limits=device is refused while another stored
   value is longer, naming it; export.enabled=true in the result needs a complete destination). ret_result
   (only when no problem): the new set, normalised (paths with '\', department IDs padded, ftps: →
   ftp.security=implicit, 03 → 3); a changed secret stands there in *plain* text, and must be sealed before it
   goes anywhere. New array of struct setting_problem *, empty = accepted. */
GPtrArray *settings_judge(const struct settings *current, const struct setting_change *changes,
                          gsize n_changes, struct settings **ret_result);

/* What a destination lacks for export.enabled or export run by its method: new array of struct
 * setting_problem *, empty = complete. */
GPtrArray *settings_incomplete(const struct settings *settings);

G_END_DECLS
