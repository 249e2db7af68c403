package io.llm2clip.evaluation.sets;

import io.llm2clip.data.InputException;
import java.nio.file.Path;
import java.util.List;

/** Whether enough images could be read: what is measured on a remainder misleads. */
public final class ReadableImages {
    private ReadableImages() {}

    /**
     * Checks that most images could be read.
     *
     * @param folder of the images
     * @param images how many there are
     * @param failures a sentence for each image that could not be read
     * @throws InputException if these are more than half
     */
    public static void requireMost(Path folder, int images, List<String> failures) {
        if (2L * failures.size() > images) {
            throw new InputException("%d of the %d images of %s cannot be read, the first because: %s"
                    .formatted(failures.size(), images, folder, failures.getFirst()));
        }
    }
}
