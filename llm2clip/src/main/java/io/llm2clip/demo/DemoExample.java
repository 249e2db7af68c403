package io.llm2clip.demo;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.UnitVectors;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A held-out image with captions to compare, for a first try of the model.
 *
 * @param image its file
 * @param captions three of them
 * @param right number of the one that describes the image
 */
public record DemoExample(String image, List<String> captions, int right) {

    /**
     * The image whose caption the model prefers to all others by the widest margin, and two of these others: those a quarter and
     * half way down its list, so that the right answer does not hang on a rounding error.
     *
     * @param files of the images
     * @param captions one of each image
     * @param images embeddings {@code [N, E]}
     * @param texts embeddings {@code [N, E]} of the captions
     */
    static DemoExample of(List<Path> files, List<String> captions, FloatMatrix images, FloatMatrix texts) {
        float[][] cosines = new UnitVectors(images, "image").cosines(new UnitVectors(texts, "caption"));
        int best = IntStream.range(0, cosines.length)
                .boxed()
                .max(Comparator.comparingDouble(image -> margin(cosines[image], image)))
                .orElseThrow();
        List<String> others = IntStream.range(0, captions.size())
                .boxed()
                .filter(caption -> !captions.get(caption).equals(captions.get(best)))
                .sorted(Comparator.comparingDouble(caption -> -cosines[best][caption]))
                .map(captions::get)
                .toList();
        return new DemoExample(
                files.get(best).toString(),
                List.of(others.get(others.size() / 4), captions.get(best), others.get(others.size() / 2)),
                1);
    }

    private static double margin(float[] cosines, int right) {
        double other = IntStream.range(0, cosines.length)
                .filter(caption -> caption != right)
                .mapToDouble(caption -> cosines[caption])
                .max()
                .orElseThrow();
        return cosines[right] - other;
    }
}
