/* SPDX-License-Identifier: GPL-3.0-or-later */
/* calendar */
#include "core/calendar.h"
