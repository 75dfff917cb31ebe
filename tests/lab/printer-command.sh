#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Print command of the virtual printer: counts the pages of a PDF, reports them, throws the document away.
# The title steers it: *ABORTME* fails, *SLOW* takes 4 s, *NOCOUNT* reports no count.

pages=$(pdfinfo "$1" 2>/dev/null | awk '/^Pages:/ {print $2}')
total=$((${pages:-1} * ${IPP_COPIES:-1}))
done=$total
case "$IPP_JOB_NAME" in *ABORTME*) done=$((total / 2)) ;; esac
case "$IPP_JOB_NAME" in
*NOCOUNT*) ;;
*SLOW*)
    echo "ATTR: job-impressions=$total" >&2
    for quarter in 1 2 3 4; do
        sleep 1
        echo "ATTR: job-impressions-completed=$((done * quarter / 4))" >&2
    done
    ;;
*) echo "ATTR: job-impressions=$total job-impressions-completed=$done" >&2 ;;
esac
case "$IPP_JOB_NAME" in
*ABORTME*)
    echo "ERROR: simulated engine failure" >&2
    exit 1
    ;;
esac
