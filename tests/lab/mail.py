# SPDX-License-Identifier: GPL-3.0-or-later
"""A received mail, read by Python's own email package."""

import email
import email.policy


class Mail:
    def __init__(self, raw, recipients=()):
        self.raw = raw
        self.recipients = list(recipients)
        self.message = email.message_from_bytes(raw, policy=email.policy.default)

    @property
    def headers(self):
        """Decoded headers; of a repeated one the last."""
        return {name: str(value) for name, value in self.message.items()}

    @property
    def message_id(self):
        return self.message["Message-ID"]

    @property
    def text(self):
        body = self.message.get_body(preferencelist=("plain",))
        return body.get_content() if body else ""

    @property
    def attachments(self):
        """(file name, content type, bytes) of each attachment."""
        return [
            (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
            for part in self.message.iter_attachments()
        ]
