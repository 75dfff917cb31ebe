/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Receivers of the simulated world: folders and mailboxes behind struct deliver_ops, with everything that can
 * go wrong on the way. */
#pragma once
#include "app/deliver.h"
#include "world.h"

G_BEGIN_DECLS

/* One process' life: its own random numbers and what is to befall it. */
struct life {
    struct world *world;
    GRand *rand;
    double trouble;     /* 0 = everything works; 1 = a bad year */
    int death_step;     /* killed at this step of its deliveries; 0 = never */
    int steps;          /* passed so far */
    gboolean survivor;  /* the helper is a process of its own and outlives us after `go` */
    gboolean liar;      /* self-test: a lost reply is told as a failure */
    gboolean meanwhile; /* other processes are at it: nobody touches clock or zone, or today would not be one
                           day */
    guint calls;        /* requests made */
    void (*before_go)(gpointer user); /* self-made accident between upload and `closing` */
    gpointer before_go_user;
};
gboolean life_chance(struct life *life, double probability); /* scaled by trouble */

/* app->deliver with app->deliver_user = struct life *. */
extern const struct deliver_ops receiver_ops;

enum habit {
    HABIT_KEEP,    /* files stay */
    HABIT_AT_ONCE, /* taken away as soon as they have their final name */
    HABIT_VISITS,  /* somebody comes by now and then and takes everything */
    HABIT_MAIL,
};
struct receiver_info {
    const char *folder; /* below the world's root */
    enum habit habit;
    gboolean tidied; /* KEEP: what is older than some weeks is moved away; one destination only leads here */
};
extern const struct receiver_info receivers[WORLD_RECEIVERS];

/* Makes the folders. */
void receivers_open(const struct world *world);
/* Those who take files away come by; those who keep them tidy up. */
void receivers_visit(struct world *world, guint receiver);
/* --- shelf.c --- */

/* A file of a receiver's folder. New string. */
char *shelf_path(const struct world *world, guint receiver, const char *name);
/* Somebody takes a finished file away (not a foreign one). */
void shelf_take(struct world *world, guint receiver, const char *name);
/* Marks when a file came, by true time; what the ledger does not take for evidence looks ancient. */
void shelf_date(const struct world *world, const char *path, gboolean automatic);
/* Whether an automatic file of an earlier day lies in a folder to which only one destination leads. */
gboolean shelf_holds_older(const struct world *world, guint receiver);
/* Text of a file that is not ours. */
#define RECEIVER_FOREIGN "foreign"

G_END_DECLS
