package io.llm2clip.evaluation.sets;

import io.llm2clip.data.FileNames;
import io.llm2clip.data.ImageFiles;
import io.llm2clip.data.InputException;
import io.llm2clip.progress.Quantity;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Images in folders, each of which is a class.
 *
 * @param title what people call the data set
 * @param folder that the folders of classes lie in
 * @param classes names of the folders that are classes, in the order of their numbers
 * @param images in the order of their paths, at least one
 * @param leftOut a sentence for each kind of thing that was left out
 */
public record ClassifiedSet(String title, Path folder, List<String> classes, List<Image> images, List<String> leftOut) {
    /**
     * An image file.
     *
     * @param label number of its class
     */
    public record Image(Path file, int label) {}

    public ClassifiedSet {
        classes = List.copyOf(classes);
        images = List.copyOf(images);
        leftOut = List.copyOf(leftOut);
    }

    /**
     * Finds the images.
     *
     * @param classes what the folders are called, in the order of their numbers
     * @param remedy what to do if most folders are called otherwise, as part of a sentence
     * @throws InputException if there is no image, or most are in folders that are no class
     */
    public static ClassifiedSet of(String title, Path folder, List<String> classes, String remedy) {
        Map<String, Integer> numbers = new HashMap<>();
        classes.forEach(name -> numbers.put(name, numbers.size()));
        ImageFiles files = ImageFiles.of(List.of(folder));
        List<Image> images = new ArrayList<>();
        Optional<Path> unknown = Optional.empty();
        for (Path file : files.files()) {
            FileNames.requireAsWritten(file.toString());
            Integer label = numbers.get(className(file));
            if (label != null) {
                images.add(new Image(file, label));
            } else if (unknown.isEmpty()) {
                unknown = Optional.of(file);
            }
        }
        List<String> leftOut = new ArrayList<>(files.leftOut());
        int others = files.files().size() - images.size();
        if (2L * others > files.files().size()) {
            throw new InputException(
                    "%s: expected images in folders named after classes, such as %s, found %s in others, the first is %s; %s."
                            .formatted(
                                    title,
                                    classes.getFirst(),
                                    "%d of %s"
                                            .formatted(
                                                    others,
                                                    Quantity.of(files.files().size(), "image")),
                                    unknown.orElse(folder),
                                    remedy));
        }
        if (others > 0) {
            leftOut.add("%s: %s in folders that are no class and left out, the first is %s."
                    .formatted(
                            title,
                            Quantity.of(others, "image") + (others == 1 ? " is" : " are"),
                            unknown.orElse(folder)));
        }
        return new ClassifiedSet(title, folder, classes, images, leftOut);
    }

    /** The name of the folder that an image is in. */
    static String className(Path file) {
        Path parent = file.toAbsolutePath().normalize().getParent();
        return parent == null || parent.getFileName() == null
                ? ""
                : parent.getFileName().toString();
    }
}
