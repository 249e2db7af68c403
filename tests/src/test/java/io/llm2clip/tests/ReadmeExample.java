package io.llm2clip.tests;

import io.llm2clip.Llm2Clip;
import java.nio.file.Path;
import java.util.List;

/** The README's library example, word for word between the marks. */
final class ReadmeExample {
    private ReadmeExample() {}

    static float[][] similarity(Path directory, List<Path> photos) {
        // README
        try (Llm2Clip model = Llm2Clip.load(directory)) {
            float[][] images = model.embedImages(photos); // [photos][E], length 1
            float[][] texts = model.embedTexts(List.of("a red kite above a lake", "a house in the snow at night"));
            float[][] cosines =
                    model.similarity(photos, List.of("a red kite above a lake", "a house in the snow at night"));
            System.out.println(images[0].length == texts[0].length); // one space
            return cosines;
        }
        // end
    }
}
