package io.llm2clip.image;

import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import javax.imageio.ImageIO;
import javax.imageio.stream.ImageInputStream;

/** An encoded picture, in a file or in memory. */
sealed interface ImageBytes {
    /** Opens a regular file in place; what can be read only once, such as a pipe or an archive's entry, is read into memory. */
    static ImageBytes of(Path file) throws IOException {
        boolean inPlace = Files.isRegularFile(file) && file.getFileSystem().equals(FileSystems.getDefault());
        return inPlace ? new OnDisk(file, Files.size(file)) : new InMemory(Files.readAllBytes(file));
    }

    long length();

    /** The first bytes, at most {@code count}. */
    byte[] head(int count) throws IOException;

    byte[] all() throws IOException;

    /** A stream that fails once its thread is interrupted. */
    ImageInputStream open() throws IOException;

    record InMemory(byte[] content) implements ImageBytes {
        @Override
        public long length() {
            return content.length;
        }

        @Override
        public byte[] head(int count) {
            return Arrays.copyOf(content, Math.min(count, content.length));
        }

        @Override
        public byte[] all() {
            return content;
        }

        @Override
        public ImageInputStream open() {
            return new InterruptibleInput(new ByteArrayImageInputStream(content));
        }
    }

    record OnDisk(Path file, long length) implements ImageBytes {
        @Override
        public byte[] head(int count) throws IOException {
            try (InputStream input = Files.newInputStream(file)) {
                return input.readNBytes(count);
            }
        }

        @Override
        public byte[] all() throws IOException {
            return Files.readAllBytes(file);
        }

        @Override
        public ImageInputStream open() throws IOException {
            return new InterruptibleInput(Objects.requireNonNull(ImageIO.createImageInputStream(file.toFile())));
        }
    }
}
