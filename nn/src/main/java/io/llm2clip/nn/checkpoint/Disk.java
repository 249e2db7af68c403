package io.llm2clip.nn.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/** What the file system promises: what is forced survives a power cut, and how much room is left. */
public final class Disk {
    /** Windows opens no folder as a file, and forces its entries itself. */
    private static final boolean FORCES_FOLDERS = !System.getProperty("os.name").startsWith("Windows");

    private Disk() {}

    /** Forces the entries of a folder: new, renamed and deleted names. */
    public static void forceFolder(Path folder) throws IOException {
        if (FORCES_FOLDERS) {
            force(folder, StandardOpenOption.READ);
        }
    }

    /** Forces everything below a folder, and the folder. Several files at a time, which a journal then writes as one. */
    static void forceTree(Path root) throws IOException {
        List<Path> entries;
        try (Stream<Path> walk = Files.walk(root)) {
            entries = walk.toList();
        }
        try {
            entries.parallelStream().filter(Files::isRegularFile).forEach(file -> {
                try {
                    force(file, StandardOpenOption.WRITE);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        for (Path entry : entries) {
            if (Files.isDirectory(entry)) {
                forceFolder(entry);
            }
        }
    }

    /** For messages: how much room there is. */
    public static String room(Path folder) {
        try {
            return "Its disk has %,d MB free."
                    .formatted(Files.getFileStore(folder).getUsableSpace() / 1_000_000);
        } catch (IOException e) {
            return "Check that %s is a writable folder.".formatted(folder);
        }
    }

    private static void force(Path path, StandardOpenOption option) throws IOException {
        try (FileChannel channel = FileChannel.open(path, option)) {
            channel.force(true);
        }
    }
}
