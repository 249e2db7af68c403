package io.llm2clip.training.run;

import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.IoReason;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.nn.optimizer.AdamW;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The checkpoints of a run, each a folder of its own that is there whole or not at all. The newest ones stay, and the last one of every
 * phase, from which the next phase begins.
 */
final class Checkpoints {
    static final String FOLDER = "checkpoints";

    static final String KIND = "checkpoint";
    private static final Pattern NAME = Pattern.compile("step-\\d{6,}");

    private final Path folder;
    private final int keep;

    /** A checkpoint on the disk. */
    record Found(Path path, SavedStep saved) {}

    /** @param keep how many of the newest stay */
    Checkpoints(Path run, int keep) {
        this.folder = run.resolve(FOLDER);
        this.keep = keep;
    }

    /** Whether there is any. */
    static boolean exist(Path run) {
        return !folders(run.resolve(FOLDER)).isEmpty();
    }

    /** Deletes all of them, and what killed programs left of them. */
    void clear() throws IOException {
        tidy();
        folders(folder).forEach(path -> OutputDirectory.delete(path));
        try {
            Files.deleteIfExists(folder);
        } catch (DirectoryNotEmptyException e) {
            // It holds what is not ours.
        }
    }

    /** Deletes what killed programs left of checkpoints that they did not finish. */
    void tidy() {
        if (Files.isDirectory(folder)) {
            OutputDirectory.tidy(folder);
        }
    }

    /**
     * Saves one.
     *
     * @return where it is
     * @throws CheckpointException if that fails; earlier ones are as they were
     */
    Path save(SavedStep step, AdamW optimizer) {
        Path path = folder.resolve(String.format(Locale.ROOT, "step-%06d", step.step()));
        try (OutputDirectory output = OutputDirectory.claim(path, KIND, Existing.REPLACE)) {
            output.requireRoom(SavedStep.bytes(optimizer));
            output.fill(directory -> step.write(directory, optimizer));
            output.publish();
        }
        return path;
    }

    /** All that are whole, the newest first. */
    List<Found> all() {
        List<Found> found = new ArrayList<>();
        for (Path path : folders(folder)) {
            if (OutputDirectory.damaged(path, KIND).filter(List::isEmpty).isPresent()) {
                found.add(new Found(path, SavedStep.read(path)));
            }
        }
        found.sort(Comparator.comparingLong((Found each) -> each.saved.step()).reversed());
        return found;
    }

    /** Those that are not whole, because somebody deleted or changed files of them. */
    List<Path> damaged() {
        return folders(folder).stream()
                .filter(path -> OutputDirectory.damaged(path, KIND)
                        .filter(List::isEmpty)
                        .isEmpty())
                .sorted()
                .toList();
    }

    /** The newest one of a phase. */
    Optional<Found> newest(String phase) {
        return all().stream().filter(found -> found.saved.phase().equals(phase)).findFirst();
    }

    /** Deletes what does not stay. */
    void prune() {
        List<Found> all = all();
        Set<String> phases = new HashSet<>();
        for (int i = 0; i < all.size(); i++) {
            boolean lastOfPhase = phases.add(all.get(i).saved.phase());
            if (i >= keep && !lastOfPhase) {
                delete(all.get(i).path);
            }
        }
    }

    /** Deletes one. */
    void delete(Path path) {
        OutputDirectory.delete(path);
    }

    private static List<Path> folders(Path folder) {
        List<Path> found = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
                for (Path entry : entries) {
                    if (NAME.matcher(entry.getFileName().toString()).matches() && Files.isDirectory(entry)) {
                        found.add(entry);
                    }
                }
            } catch (IOException e) {
                throw new CheckpointException("%s: cannot be read: %s.".formatted(folder, IoReason.of(e)), e);
            }
        }
        return found;
    }
}
