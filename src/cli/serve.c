/* SPDX-License-Identifier: GPL-3.0-or-later */
/* printtrail serve: the daemon. */
#include "daemon/serve.h"

#include "cli/cli.h"

static int serve_run(struct cli *cli, int argc, char **argv);

const struct cli_command cli_serve_commands[] = {
    {"serve",
     "",
     {"Runs the daemon: asks the sources, exports every day.",
      "常駐し、取得元への問い合わせと毎日のエクスポートを行います。"},
     FALSE,
     serve_run},
    {NULL},
};

static int serve_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_serve_commands[0];
    int status = 0;

    if (!cli_options(cli, command, NULL, &argc, &argv, &status))
        return status;
    if (argc > 0)
        return cli_usage(cli, command, "too many arguments", "引数が多すぎます");
    if (!cli_become_owner(cli, &status))
        return status;
    return serve_main(cli->state_dir);
}
