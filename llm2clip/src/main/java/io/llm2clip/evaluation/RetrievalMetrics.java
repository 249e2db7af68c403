package io.llm2clip.evaluation;

import io.llm2clip.data.FloatMatrix;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.StatUtils;

/**
 * Retrieval between images and captions by cosine, which is rounded to f32, ties broken by the lowest index.
 *
 * @param imageRetrieval text to image (T2I), a query per caption: where its image comes
 * @param textRetrieval image to text (I2T), a query per image: where the first of its captions comes
 */
public record RetrievalMetrics(Ranks imageRetrieval, Ranks textRetrieval) {
    private static final int[] CUT_OFFS = {1, 5, 10, 25, 50};
    private static final List<String> CAPTION_PAIR = List.of("first caption", "second caption");

    /**
     * Several captions per image.
     *
     * @param images {@code [N, E]}
     * @param captions {@code [M, E]}
     * @param imageOf {@code [M]} the image of every caption; every image has at least one
     */
    public static RetrievalMetrics of(FloatMatrix images, FloatMatrix captions, int[] imageOf) {
        if (imageOf.length != captions.rows()) {
            throw new IllegalArgumentException("Each of the %d captions needs the index of its image, found %d indices."
                    .formatted(captions.rows(), imageOf.length));
        }
        int[] counts = new int[images.rows()];
        for (int caption = 0; caption < imageOf.length; caption++) {
            int image = imageOf[caption];
            if (image < 0 || image >= images.rows()) {
                throw new IllegalArgumentException("Caption %d belongs to image %d, but there are %d images."
                        .formatted(caption, image, images.rows()));
            }
            counts[image]++;
        }
        int[][] captionsOf = new int[images.rows()][];
        Arrays.setAll(captionsOf, image -> new int[counts[image]]);
        for (int caption = imageOf.length - 1; caption >= 0; caption--) {
            captionsOf[imageOf[caption]][--counts[imageOf[caption]]] = caption;
        }
        for (int image = 0; image < images.rows(); image++) {
            if (captionsOf[image].length == 0) {
                throw new IllegalArgumentException("Image " + image + " has no caption; leave it out.");
            }
        }
        int[][] imagesOf =
                Arrays.stream(imageOf).mapToObj(image -> new int[] {image}).toArray(int[][]::new);
        List<Ranks> ranks = CosineRanking.bothWays(images, captions, captionsOf, imagesOf, List.of("image", "caption"));
        return new RetrievalMetrics(ranks.getLast(), ranks.getFirst());
    }

    /** The same of arrays. */
    public static RetrievalMetrics of(float[][] images, float[][] captions, int[] imageOf) {
        return of(FloatMatrix.of(images), FloatMatrix.of(captions), imageOf);
    }

    /** One caption per image, matched by index: {@code [N, E]} both. */
    public static RetrievalMetrics diagonal(FloatMatrix images, FloatMatrix captions) {
        return of(images, captions, IntStream.range(0, captions.rows()).toArray());
    }

    /** The same of arrays. */
    public static RetrievalMetrics diagonal(float[][] images, float[][] captions) {
        return diagonal(FloatMatrix.of(images), FloatMatrix.of(captions));
    }

    /**
     * What searches of each image and of its captions contribute to the mean R@k of both directions: input of a paired bootstrap over
     * images, with R@k as its mean.
     *
     * @param imageOf {@code [M]} the image of every caption
     */
    public double[] hitsByImage(int k, int[] imageOf) {
        double[] hits = textRetrieval.hits(k);
        double[] ofCaptions = captionHitsByImage(k, imageOf);
        Arrays.setAll(hits, image -> (hits[image] + ofCaptions[image]) / 2);
        return hits;
    }

    /**
     * The same of the searches of captions alone, with R@k of {@link #imageRetrieval} as the mean.
     *
     * @param imageOf {@code [M]} the image of every caption
     */
    public double[] captionHitsByImage(int k, int[] imageOf) {
        double[] hits = new double[textRetrieval.size()];
        double[] ofCaptions = imageRetrieval.hits(k);
        double weight = hits.length / (double) ofCaptions.length;
        for (int caption = 0; caption < ofCaptions.length; caption++) {
            hits[imageOf[caption]] += weight * ofCaptions[caption];
        }
        return hits;
    }

    /**
     * Caption retrieval accuracy: caption {@code a[i]} searches its partner {@code b[i]} among all of {@code b}.
     *
     * @return {@link Ranks#recall recall(1)} of the result is the accuracy
     */
    public static Ranks captionRetrievalAccuracy(FloatMatrix a, FloatMatrix b) {
        return CosineRanking.ranks(a, b, partners(a, b), CAPTION_PAIR);
    }

    /** The mean of {@link #captionRetrievalAccuracy} at 1 in both directions, a fraction. */
    public static double mutualCaptionAccuracy(FloatMatrix a, FloatMatrix b) {
        return StatUtils.mean(mutualCaptionHits(a, b));
    }

    /** What each pair contributes to {@link #mutualCaptionAccuracy}, which is the mean: 1 if both find the other, 0.5 if one does. */
    public static double[] mutualCaptionHits(FloatMatrix a, FloatMatrix b) {
        List<Ranks> ranks = captionRanks(a, b);
        return mutualHits(ranks.getFirst(), ranks.getLast());
    }

    /** The same of ranks in both directions. */
    static double[] mutualHits(Ranks there, Ranks back) {
        double[] hits = there.hits(1);
        double[] hitsBack = back.hits(1);
        Arrays.setAll(hits, pair -> (hits[pair] + hitsBack[pair]) / 2);
        return hits;
    }

    /** Ranks of the partners that {@code a} searches among all of {@code b}, and the other way round. */
    static List<Ranks> captionRanks(FloatMatrix a, FloatMatrix b) {
        int[][] partners = partners(a, b);
        return CosineRanking.bothWays(a, b, partners, partners, CAPTION_PAIR);
    }

    private static int[][] partners(FloatMatrix a, FloatMatrix b) {
        if (a.rows() != b.rows()) {
            throw new IllegalArgumentException("Caption pairs need as many first as second captions, found %d and %d."
                    .formatted(a.rows(), b.rows()));
        }
        return IntStream.range(0, a.rows()).mapToObj(i -> new int[] {i}).toArray(int[][]::new);
    }

    /** R@1, 5, 10, 25, 50 of both directions under the reference's names, such as {@code image_retrieval_recall@1}. */
    public Map<String, Double> toMap() {
        Map<String, Double> values = new LinkedHashMap<>();
        for (int k : CUT_OFFS) {
            values.put("image_retrieval_recall@" + k, imageRetrieval.recall(k));
        }
        for (int k : CUT_OFFS) {
            values.put("text_retrieval_recall@" + k, textRetrieval.recall(k));
        }
        return values;
    }
}
