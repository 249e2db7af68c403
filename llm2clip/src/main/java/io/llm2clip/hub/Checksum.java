package io.llm2clip.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What tells a file's content from any other: the Hub has SHA-256 for large files, and git's SHA-1 for those that are in git itself.
 *
 * @param kind of hash
 * @param hex its value in lower case
 */
public record Checksum(Kind kind, String hex) {
    /** Hash functions. */
    public enum Kind {
        /** SHA-256 of the bytes. */
        SHA256("SHA-256", "SHA-256", 64),
        /** SHA-1 of git's header, which has the length, and the bytes. */
        GIT_BLOB("git's SHA-1", "SHA-1", 40);

        private final String words;
        private final String algorithm;
        private final int digits;

        Kind(String words, String algorithm, int digits) {
            this.words = words;
            this.algorithm = algorithm;
            this.digits = digits;
        }
    }

    private static final Pattern HEX = Pattern.compile("[0-9a-f]+");
    private static final int BLOCK = 1 << 20;

    /** A hash if it looks like one of a kind. */
    static Optional<Checksum> of(Kind kind, String text) {
        return text.length() == kind.digits && HEX.matcher(text).matches()
                ? Optional.of(new Checksum(kind, text))
                : Optional.empty();
    }

    /** The hash that an entity tag is, if it is one. */
    static Optional<Checksum> ofTag(String tag) {
        return of(Kind.SHA256, tag).or(() -> of(Kind.GIT_BLOB, tag));
    }

    /** Reads a file through. */
    Checksum of(Path file) throws IOException {
        MessageDigest digest = digest();
        if (kind == Kind.GIT_BLOB) {
            digest.update(("blob " + Files.size(file) + "\0").getBytes(StandardCharsets.US_ASCII));
        }
        try (InputStream bytes = Files.newInputStream(file)) {
            byte[] block = new byte[BLOCK];
            for (int read = bytes.read(block); read >= 0; read = bytes.read(block)) {
                digest.update(block, 0, read);
            }
        }
        return new Checksum(kind, HexFormat.of().formatHex(digest.digest()));
    }

    /** For messages. */
    @Override
    public String toString() {
        return kind.words + " " + hex;
    }

    private MessageDigest digest() {
        try {
            return MessageDigest.getInstance(kind.algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java runtime has " + kind.algorithm + ".", e);
        }
    }
}
