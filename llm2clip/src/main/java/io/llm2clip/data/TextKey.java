package io.llm2clip.data;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The SHA-256 of a model's fingerprint and a formatted caption: the identity of a text vector. */
record TextKey(long first, long second, long third, long fourth) {
    static final int BYTES = 32;

    static TextKey of(String fingerprint, String formattedCaption) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(fingerprint.getBytes(StandardCharsets.UTF_8));
            // No fingerprint holds a zero byte, so it separates the two.
            digest.update((byte) 0);
            digest.update(formattedCaption.getBytes(StandardCharsets.UTF_8));
            return read(ByteBuffer.wrap(digest.digest()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }

    static TextKey read(ByteBuffer buffer) {
        return new TextKey(buffer.getLong(), buffer.getLong(), buffer.getLong(), buffer.getLong());
    }

    void write(ByteBuffer buffer) {
        buffer.putLong(first).putLong(second).putLong(third).putLong(fourth);
    }
}
