package io.llm2clip.data;

import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/**
 * An image and its captions.
 *
 * @param image the path as written, relative to the data set's folder
 * @param path where the file lies
 * @param captions at least one, none blank
 * @param extra the line's other keys
 */
public record CaptionedImage(String image, Path path, List<String> captions, ObjectNode extra) {
    public CaptionedImage {
        captions = List.copyOf(captions);
    }
}
