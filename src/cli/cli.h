/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line: one descriptor a command. */
#pragma once

/* Runs one command; returns the exit status of DESIGN's table. */
int cli_main(int argc, char **argv);
