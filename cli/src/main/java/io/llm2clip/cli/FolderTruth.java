package io.llm2clip.cli;

import io.llm2clip.data.InputException;
import io.llm2clip.progress.Quantity;
import io.llm2clip.zeroshot.ClassificationAccuracy;
import io.llm2clip.zeroshot.Label;
import io.llm2clip.zeroshot.ZeroShotClassifier.Score;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Images whose labels are the names of the folders that they are in. */
final class FolderTruth {
    /** Folders named in a message. */
    private static final int NAMED = 3;

    private final Set<String> labels;
    private final ClassificationAccuracy accuracy = new ClassificationAccuracy();
    private int unlabeled;
    private @Nullable Path firstUnlabeled;

    /** @throws InputException if no image is in a folder of a label's name */
    FolderTruth(List<Label> labels, List<Path> files) {
        this.labels = labels.stream().map(Label::name).collect(Collectors.toSet());
        if (files.stream().noneMatch(file -> this.labels.contains(folder(file)))) {
            throw new InputException(
                    "None of the images is in a folder that is named after a label, such as '%s'; found %s. Name the folders in a file of --labels: name, tab, words."
                            .formatted(
                                    labels.getFirst().name(),
                                    files.stream()
                                            .map(FolderTruth::folder)
                                            .distinct()
                                            .limit(NAMED)
                                            .map(folder -> "'" + folder + "'")
                                            .collect(Collectors.joining(", "))));
        }
    }

    /** Counts an image, and says what its label is; null if its folder has the name of none. */
    @Nullable
    String add(Path file, List<Score> scores) {
        String folder = folder(file);
        if (labels.contains(folder)) {
            accuracy.add(folder, scores);
            return folder;
        }
        unlabeled++;
        if (firstUnlabeled == null) {
            firstUnlabeled = file;
        }
        return null;
    }

    ClassificationAccuracy accuracy() {
        return accuracy;
    }

    /** A sentence on images that do not count. */
    Optional<String> unlabeled() {
        return firstUnlabeled == null
                ? Optional.empty()
                : Optional.of("%s in no folder named after a label, and not counted; the first is %s."
                        .formatted(
                                Quantity.of(unlabeled, "image") + (unlabeled == 1 ? " is" : " are"), firstUnlabeled));
    }

    private static String folder(Path file) {
        Path parent = file.toAbsolutePath().normalize().getParent();
        Path name = parent == null ? null : parent.getFileName();
        return name == null ? "" : name.toString();
    }
}
