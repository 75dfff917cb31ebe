/* SPDX-License-Identifier: GPL-3.0-or-later */
/* schedule */
#include "core/schedule.h"
