/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Print jobs of the simulated world: when they end, what they say, and how they come into the store. */
#include "jobs.h"

#include "app/collect.h"
#include "app/config.h"
#include <string.h>

#define DAY 86400

/* Texts that CSV files, spreadsheets and encodings stumble over. */
static const char *const users[] = {"tanaka", "=SUM(A1)", "a\"b",          "佐藤, 花子",
                                    "\t-x",   "naïve 😀",  "line\r\nbreak", "; ; \t |"};

gint32 jobs_index(const char *document_name)
{
    return *document_name == 'J' && g_ascii_isdigit(document_name[1])
               ? (gint32)g_ascii_strtoll(document_name + 1, NULL, 10)
               : -1;
}

/* When a job says that it ended: mostly the truth. */
static gint64 told_end(GRand *rand, gint64 truth)
{
    switch (g_rand_int_range(rand, 0, 60)) {
    case 0:
        return JOB_NONE;
    case 1:
        return g_rand_int_range(rand, 0, 100000); /* a printer without a clock */
    case 2:
        return truth + 3 * DAY;
    case 3:
        return truth + DAY / 2;
    default:
        return truth;
    }
}

static void one_job(struct life *life, gint64 at)
{
    struct world *world = life->world;
    gint32 index = __atomic_fetch_add(&world->n_jobs, 1, __ATOMIC_SEQ_CST);
    struct world_job *job = &world->jobs[index];

    g_assert_cmpint(index, <, WORLD_JOBS);
    job->ended = told_end(life->rand, at);
    job->source = (guint8)g_rand_int_range(life->rand, 0, WORLD_SOURCES);
    job->offer_at = at;
    if (g_rand_int_range(life->rand, 0, 12) == 0) /* late: a printer that was cut off */
        job->offer_at = at + g_rand_int_range(life->rand, DAY / 4, 25 * DAY);
}

void jobs_happen(struct life *life, gint64 seconds)
{
    gint64 now = life->world->truth;
    int weekday = (int)(now / DAY % 7);
    double a_day = weekday >= 5 ? 0.7 : 9.0; /* empty days happen */
    double wanted = a_day * (double)seconds / DAY;
    int n = (int)wanted + (g_rand_double(life->rand) < wanted - (int)wanted);

    if (seconds == 0)
        return;
    if (g_rand_int_range(life->rand, 0, 150) == 0)
        n += g_rand_int_range(life->rand, 20, 90);
    for (int i = 0; i < n; i++)
        one_job(life, now - g_rand_int_range(life->rand, 0, (gint32)MAX(seconds, 1)));
}

/* The same job says the same whenever it is offered, unless it lies (`again`): then the first word counts. */
static void fill(struct job *job, const struct world *world, gint32 index, gboolean again, char *document,
                 gsize size, char *key)
{
    const struct world_job *known = &world->jobs[index];

    job_clear(job);
    (void)g_snprintf(document, size, "J%d 文書; \"%d\", %s", index, index % 7, users[(index / 3) % 8]);
    (void)g_snprintf(key, 24, "key-%d", index);
    job_set_text(job, JOB_DOCUMENT_NAME, document);
    job_set_text(job, JOB_USER_NAME, again ? "somebody else" : users[index % 8]);
    job_set_text(job, JOB_DEVICE_NAME, "複合機");
    job_set_text(job, JOB_JOB_TYPE, "print");
    job_set_text(job, JOB_RESULT, "OK");
    if (index % 5)
        job_set_number(job, JOB_FACES_TOTAL, index % 40);
    job->value[JOB_ENDED_AT].number = known->ended;
    job->key.text = key;
    job->key.number = (gint64)strlen(key);
}

struct offer {
    gint32 index;
    gint32 day;
    enum store_outcome outcome;
};

static void acknowledge(struct world *world, GArray *offers)
{
    for (guint i = 0; i < offers->len; i++) {
        const struct offer *offer = &g_array_index(offers, struct offer, i);
        struct world_job *job = &world->jobs[offer->index];

        if (offer->outcome == STORE_REFUSED) {
            world_note(world, HAPPENED_REFUSED_JOB);
            if (job->fate == FATE_NEW)
                job->fate = FATE_REFUSED;
            continue;
        }
        if (offer->outcome == STORE_STORED) {
            if (job->fate == FATE_STORED || job->fate == FATE_REFUSED)
                world_complain(world, "J%d was stored a second time", offer->index);
            job->day = offer->day;
        }
        job->fate = FATE_STORED;
    }
    g_array_set_size(offers, 0);
}

/* Whether to offer it now, for the first time or once more. A job is offered again only under the day it has:
 * after that day was deleted another day could not be told from another job. */
static gboolean wanted(struct life *life, struct world_job *job, gint32 day, gint32 horizon)
{
    if (job->offer_at > life->world->truth)
        return FALSE;
    switch ((enum fate)job->fate) {
    case FATE_STORED:
        return job->day == day && g_rand_int_range(life->rand, 0, 400) == 0;
    case FATE_REFUSED:
    case FATE_UNSURE:
        return FALSE;
    case FATE_NEW:
        break;
    }
    for (guint i = 0; i < G_N_ELEMENTS(job->maybe); i++)
        if (job->maybe[i] && job->maybe[i] < horizon && job->maybe[i] != day)
            job->fate = FATE_UNSURE;
    return job->fate == FATE_NEW;
}

static void remember(struct world_job *job, gint32 day)
{
    for (guint i = 0; i < G_N_ELEMENTS(job->maybe); i++)
        if (job->maybe[i] == 0 || job->maybe[i] == day) {
            job->maybe[i] = day;
            return;
        }
}

static gint32 horizon_of(struct app *app)
{
    g_autofree char *text = NULL;

    g_assert_true(store_meta(app->store, "horizon", &text, NULL));
    return text ? (gint32)g_ascii_strtoll(text, NULL, 10) : 0;
}

static gboolean offer_one(struct life *life, struct app *app, struct store_ingest *ingest, struct zone *zone,
                          gint32 index, GArray *offers, GError **error)
{
    struct world_job *known = &life->world->jobs[index];
    gint64 now = app_now(app);
    char document[200], key[24];
    struct job job;
    struct offer offer = {.index = index};

    fill(&job, life->world, index, known->fate == FATE_STORED && index % 2, document, sizeof document, key);
    job.source_id = life->world->source[known->source];
    job.arrived_at = now;
    job.day = offer.day = zone_day(zone, collect_effective_end(&job, now, TRUE));
    if (!wanted(life, known, job.day, horizon_of(app)))
        return TRUE;
    if (known->fate == FATE_NEW)
        remember(known, job.day);
    if (!store_ingest_add(ingest, &job, NULL, FALSE, &offer.outcome, error))
        return FALSE;
    g_array_append_val(offers, offer);
    if (offers->len < (guint)g_rand_int_range(life->rand, 1, 60))
        return TRUE;
    if (!store_ingest_commit(ingest, "cursor", error))
        return FALSE;
    acknowledge(life->world, offers);
    return TRUE;
}

static gboolean offer_source(struct life *life, struct app *app, guint source, GError **error)
{
    g_autoptr(PtSettings) settings = NULL;
    g_autoptr(PtZone) zone = NULL;
    g_autoptr(PtStoreIngest) ingest = NULL;
    g_autoptr(GArray) offers = g_array_new(FALSE, FALSE, sizeof(struct offer));

    if (!config_load(app, &settings, error) || !(zone = app_zone(settings, error)) ||
        !(ingest = store_ingest_new(app->store, life->world->source[source], FALSE, error)))
        return FALSE;
    for (gint32 i = 0; i < life->world->n_jobs; i++) {
        const struct world_job *job = &life->world->jobs[i];
        gboolean old = job->fate != FATE_NEW && g_rand_int_range(life->rand, 0, 50) > 0;

        if (job->source == source && !old && job->offer_at <= life->world->truth &&
            !offer_one(life, app, ingest, zone, i, offers, error))
            return FALSE;
    }
    if (!store_ingest_commit(ingest, "cursor", error))
        return FALSE;
    acknowledge(life->world, offers);
    return TRUE;
}

void jobs_offer(struct life *life, struct app *app)
{
    for (guint i = 0; i < WORLD_SOURCES; i++) {
        g_autoptr(GError) error = NULL;
        if (g_rand_int_range(life->rand, 0, 3) > 0 && !offer_source(life, app, i, &error))
            world_complain(life->world, "jobs cannot be stored: %s", error->message);
    }
}

static gboolean look_one(const struct job *job, gpointer user, GError **error)
{
    struct world *world = user;
    const struct job_value *name = &job->value[JOB_DOCUMENT_NAME];
    g_autofree char *text = g_strndup(name->text, (gsize)name->number);
    gint64 seq = job->value[JOB_SEQ].number;
    struct world_job *known = &world->jobs[jobs_index(text)];

    (void)error;
    if (known->seq && known->seq != seq)
        world_complain(world, "%s has two numbers: %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT, text,
                       known->seq, seq);
    known->seq = seq;
    world->seen_seq = MAX(world->seen_seq, seq);
    return TRUE;
}

void jobs_look(struct world *world, struct app *app)
{
    struct store_job_query query = {.after_seq = world->seen_seq};
    g_autoptr(GError) error = NULL;

    if (!store_jobs(app->store, &query, look_one, world, &error))
        world_complain(world, "jobs cannot be read: %s", error->message);
}
