/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The program: hands its arguments to the command line. */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
