package io.llm2clip.bench.compare;

import io.llm2clip.bench.HashWeights;
import io.llm2clip.data.FloatMatrix;
import io.llm2clip.evaluation.Ranks;
import io.llm2clip.evaluation.RetrievalMetrics;
import java.lang.foreign.MemorySegment;

/** Exact retrieval between images and captions, a caption each and both ways: recall, of caption queries first. */
final class RankingTask implements Task {
    private static final int[] CUT_OFFS = {1, 5, 10};
    /** A caption's vector is its image's with so much noise that some are found and some are not. */
    private static final float NOISE = 6;

    private final FloatMatrix images;
    private final FloatMatrix captions;

    RankingTask(Request request) {
        int pairs = request.number("pairs");
        int width = request.number("width");
        images = FloatMatrix.allocate(pairs, width);
        captions = FloatMatrix.allocate(pairs, width);
        int image = HashWeights.seed("images");
        int noise = HashWeights.seed("noise");
        float[] row = new float[width];
        float[] near = new float[width];
        for (int pair = 0; pair < pairs; pair++) {
            for (int d = 0; d < width; d++) {
                row[d] = HashWeights.uniform(image, pair * width + d);
                near[d] = row[d] + NOISE * HashWeights.uniform(noise, pair * width + d);
            }
            images.accept(pair, MemorySegment.ofArray(row));
            captions.accept(pair, MemorySegment.ofArray(near));
        }
    }

    @Override
    public void run() {
        RetrievalMetrics.diagonal(images, captions);
    }

    @Override
    public float[] output() {
        RetrievalMetrics found = RetrievalMetrics.diagonal(images, captions);
        float[] recalls = new float[2 * CUT_OFFS.length];
        put(found.imageRetrieval(), recalls, 0);
        put(found.textRetrieval(), recalls, CUT_OFFS.length);
        return recalls;
    }

    private static void put(Ranks ranks, float[] recalls, int at) {
        for (int i = 0; i < CUT_OFFS.length; i++) {
            recalls[at + i] = (float) ranks.recall(CUT_OFFS[i]);
        }
    }

    /** Of the products, which both ways share. */
    @Override
    public long flops() {
        return 2L * images.rows() * captions.rows() * images.columns();
    }

    @Override
    public String explain() {
        return "Ranks are no program of kernels.\n";
    }

    @Override
    public void close() {}
}
