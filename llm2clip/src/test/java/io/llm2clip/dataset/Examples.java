package io.llm2clip.dataset;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** Data sets for tests. */
final class Examples {
    private Examples() {}

    /** A picture of one color, which is the number. */
    static byte[] png(int number) {
        BufferedImage picture = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 64; i++) {
            picture.setRGB(i % 8, i / 8, new Color(number & 255, number >> 8 & 255, 7).getRGB());
        }
        var bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(picture, "png", bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** A folder with a captions.jsonl; the picture of a number in {@code broken} is none. */
    static Path folder(Path folder, int count, int... broken) throws IOException {
        Files.createDirectories(folder.resolve("images"));
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            Files.write(folder.resolve("images/" + i + ".png"), png(i));
            lines.append(
                    "{\"image\": \"images/%d.png\", \"captions\": [\"short %d\", \"a longer caption of number %d\"]}\n"
                            .formatted(i, i, i));
        }
        for (int i : broken) {
            Files.write(folder.resolve("images/" + i + ".png"), new byte[] {1, 2, 3});
        }
        Files.writeString(folder.resolve("captions.jsonl"), lines);
        return folder;
    }

    /** Entries by turns of name and content, a string or bytes. */
    static Path tar(Path file, Object... entries) throws IOException {
        try (var tar = new TarArchiveOutputStream(Files.newOutputStream(file), "UTF-8")) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            for (int i = 0; i < entries.length; i += 2) {
                byte[] content = entries[i + 1] instanceof String text
                        ? text.getBytes(StandardCharsets.UTF_8)
                        : (byte[]) entries[i + 1];
                var entry = new TarArchiveEntry((String) entries[i]);
                entry.setSize(content.length);
                tar.putArchiveEntry(entry);
                tar.write(content);
                tar.closeArchiveEntry();
            }
        }
        return file;
    }
}
