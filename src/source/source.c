/* SPDX-License-Identifier: GPL-3.0-or-later */
/* source */
#include "source/source.h"
