/* SPDX-License-Identifier: GPL-3.0-or-later */
/* app */
#include "app/app.h"
