package io.llm2clip.evaluation.sets;

import io.llm2clip.data.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * ImageNet, its second validation set and its training set, in folders of classes. Every method takes the data set's folder and throws an
 * {@link InputException} that says what was looked for, what was found and what to do, if the folder has another layout.
 */
public final class ImageNet {
    /** Classes of ImageNet, which the numbered folders of V2 are. */
    private static final int CLASSES = 1000;

    private static final String V2 = "imagenetv2-matched-frequency-format-val";

    private ImageNet() {}

    /**
     * A validation set with the words of its classes.
     *
     * @param images of which each is of a class
     * @param names of the same classes, in their order
     */
    public record Validation(ClassifiedSet images, ClassNames names) {}

    /**
     * The validation set: 50,000 images, {@code val/n01440764/*.JPEG}, and {@link ClassNames}.
     */
    public static Validation validation(Path folder) {
        String title = "ImageNet";
        return Layout.read(
                title,
                folder,
                "sort the validation images into a folder per class, val/n01440764 and so on",
                List.of(new Layout<>("val", val -> {
                    ClassNames names = ClassNames.read(title, List.of(folder));
                    return new Validation(
                            ClassifiedSet.of(
                                    title,
                                    val,
                                    names.folders(),
                                    "use the class names of these images, " + names.file()),
                            names);
                })));
    }

    /**
     * ImageNet-V2: 10,000 images in numbered folders, {@code imagenetv2-matched-frequency-format-val/0/*.jpeg} to {@code 999}; the class
     * names are here or in {@code imagenet}.
     *
     * @param imagenet folder of ImageNet, which need not exist
     */
    public static Validation v2(Path folder, Path imagenet) {
        String title = "ImageNet-V2";
        return Layout.read(
                title,
                folder,
                "unpack imagenetv2-matched-frequency.tar.gz here",
                List.of(
                        new Layout<>(V2, images -> numbered(title, folder, images, imagenet)),
                        new Layout<>("0", zero -> numbered(title, folder, folder, imagenet))));
    }

    private static Validation numbered(String title, Path folder, Path images, Path imagenet) {
        ClassNames names = ClassNames.read(title, List.of(folder, imagenet));
        if (names.labels().size() != CLASSES) {
            throw new InputException(
                    "%s: expected the %d classes of ImageNet, whose numbers its folders are, found %d in %s; complete the file."
                            .formatted(title, CLASSES, names.labels().size(), names.file()));
        }
        List<String> numbers =
                IntStream.range(0, CLASSES).mapToObj(Integer::toString).toList();
        return new Validation(ClassifiedSet.of(title, images, numbers, "expected folders from 0 to 999"), names);
    }

    /**
     * Training images for a linear probe, {@code train/n01440764/*.JPEG}; the classes are its folders.
     */
    public static ClassifiedSet training(Path folder) {
        String title = "Training images";
        return Layout.read(
                title,
                folder,
                "put the training images into train, in a folder per class",
                List.of(new Layout<>(
                        "train", train -> ClassifiedSet.of(title, train, folders(title, train), "sort them"))));
    }

    /** Test images for a linear probe, {@code val/n01440764/*.JPEG}, of the classes of the training images. */
    public static ClassifiedSet test(Path folder, ClassifiedSet training) {
        String title = "Test images";
        return Layout.read(
                title,
                folder,
                "put the test images into val, in a folder per class",
                List.of(new Layout<>(
                        "val",
                        val -> ClassifiedSet.of(
                                title,
                                val,
                                training.classes(),
                                "name their folders as those of the training images"))));
    }

    private static List<String> folders(String title, Path train) {
        try (Stream<Path> entries = Files.list(train)) {
            List<String> names = entries.filter(Files::isDirectory)
                    .map(entry -> entry.getFileName().toString())
                    .filter(name -> !name.startsWith("."))
                    .sorted()
                    .toList();
            if (names.size() < 2) {
                throw new InputException(
                        "%s: expected a folder per class in %s, found %s; a probe needs at least two classes."
                                .formatted(title, train, Layout.contents(train)));
            }
            return names;
        } catch (IOException e) {
            throw new InputException("The folder %s cannot be read (%s).".formatted(train, e.getMessage()), e);
        }
    }
}
