/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one error domain: a stable code of SPEC 8, its class, and a message in English and Japanese. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define PT_ERROR pt_error_quark()
GQuark pt_error_quark(void);

/* What a program should do about it (ARCHITECTURE.md, Errors). */
enum pt_error_class {
    PT_CLASS_INPUT,     /* change the value: exit status 2 */
    PT_CLASS_MISSING,   /* no such thing: 4 */
    PT_CLASS_RETRY,     /* the same again later: 5 */
    PT_CLASS_REFUSED,   /* a person must act: 6 */
    PT_CLASS_INTEGRITY, /* data do not match their record: 7 */
    PT_CLASS_STORE,     /* the store cannot be used: 7 */
    PT_CLASS_INTERNAL,  /* our bug: 1 */
};

enum pt_error_code {
#define E(code, class, cause_en, cause_ja, remedy_en, remedy_ja) PT_ERROR_##code,
#include "base/errors.def"
#undef E
    PT_ERROR_CODES,
};

enum pt_lang { PT_LANG_EN, PT_LANG_JA };

/* A row of the catalogue; `code` out of range reads as INTERNAL. All strings are static, UTF-8. */
struct pt_error_info {
    const char *name; /* "X04" */
    enum pt_error_class class;
    const char *cause[2];  /* by enum pt_lang */
    const char *remedy[2]; /* by enum pt_lang */
};
const struct pt_error_info *pt_error_info(int code);

/* The code whose name is `name` ("X04"); PT_ERROR_CODES if there is none. */
enum pt_error_code pt_error_code_from_name(const char *name);

/* Sets *error (if error is not NULL) to `code` with what happened to what, in both languages. Both formats
   take the same arguments in the same order. The text names the thing and holds no secret. */
void pt_error_set(GError **error, enum pt_error_code code, const char *en, const char *ja, ...)
    __attribute__((format(printf, 3, 5), format(printf, 4, 5)));

/* The same with two finished texts. */
void pt_error_set_texts(GError **error, enum pt_error_code code, const char *en, const char *ja);

/* An error's text for keeping in the store ("EN<US>JA", or one text for both), and one language of such a
 * text. New strings; NULL gives NULL. */
char *pt_error_keep(const GError *error);
char *pt_text_pick(const char *kept, enum pt_lang lang);

/* The message of an error in one language; errors of other domains have one text for both. New string. */
char *pt_error_message(const GError *error, enum pt_lang lang);

/* Code of an error: its own in our domain, X19 for a full or read-only local disk (G_FILE_ERROR), else
 * INTERNAL. */
enum pt_error_code pt_error_code_of(const GError *error);
enum pt_error_class pt_error_class_of(const GError *error);

/* The exit status that ARCHITECTURE.md gives this class. */
int pt_error_exit_status(enum pt_error_class class);

/* The language LC_ALL, LC_MESSAGES or LANG name ("ja…" is Japanese, all else English). Read from the
 * environment at each call. */
enum pt_lang pt_lang_from_environment(void);

G_END_DECLS
