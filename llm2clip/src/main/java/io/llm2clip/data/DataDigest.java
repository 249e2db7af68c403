package io.llm2clip.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** Says whether two data sets are the same: a SHA-256 over what is in them, in order, in hexadecimal. */
public final class DataDigest {
    private final MessageDigest digest;

    private DataDigest() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }

    /** Of captions, by group. */
    public static String ofCaptions(List<List<String>> groups) {
        DataDigest digest = new DataDigest();
        groups.forEach(digest::add);
        return digest.text();
    }

    /** Of names, captions and file sizes of images, one by one; what is in a file is not read. */
    public static DataDigest ofImages() {
        return new DataDigest();
    }

    /** The next image. */
    public void add(CaptionedImage image) {
        add(image.image());
        add(image.captions());
        try {
            add(Files.size(image.path()));
        } catch (IOException e) {
            // Whoever reads the image says so.
            add(-1);
        }
    }

    private void add(List<String> captions) {
        add(captions.size());
        captions.forEach(this::add);
    }

    private void add(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        add(bytes.length);
        digest.update(bytes);
    }

    private void add(long number) {
        digest.update(ByteBuffer.allocate(Long.BYTES).putLong(number).flip());
    }

    /** The digest of what was added; nothing more is. */
    public String text() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
