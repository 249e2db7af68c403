package io.llm2clip.dataset;

import io.llm2clip.data.Fingerprint;
import io.llm2clip.data.InputException;
import io.llm2clip.nn.checkpoint.IoReason;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** Hashes of the files of a data set, which say whether it is the one of before. */
final class FileDigests {
    private FileDigests() {}

    /** Of all that is in a file. */
    static String ofContent(Path file) {
        try (InputStream content = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            new DigestInputStream(content, digest).transferTo(OutputStream.nullOutputStream());
            return HexFormat.of().formatHex(digest.digest());
        } catch (IOException e) {
            throw new InputException("%s cannot be read (%s).".formatted(file, IoReason.of(e)), e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }

    /** Of names and sizes, for files that would take long to read. */
    static String ofSizes(List<Path> files) {
        StringBuilder text = new StringBuilder();
        for (Path file : files) {
            try {
                text.append(file.getFileName())
                        .append(' ')
                        .append(Files.size(file))
                        .append('\n');
            } catch (IOException e) {
                throw new InputException("%s cannot be read (%s).".formatted(file, IoReason.of(e)), e);
            }
        }
        return Fingerprint.hash(text.toString());
    }
}
