/* SPDX-License-Identifier: GPL-3.0-or-later */
/* serve */
#include "app/app.h"
