/* SPDX-License-Identifier: GPL-3.0-or-later */
/* settings */
#include "core/settings.h"
