package io.llm2clip.model;

/** What a model was trained to make of the cosines between an image and captions. */
public sealed interface Probabilities {
    /**
     * Which of several captions fits best: {@code softmax(scale * cosine)}, as CLIP and LLM2CLIP are trained.
     *
     * @param scale the factor of cosines
     */
    record Softmax(float scale) implements Probabilities {
        @Override
        public String kind() {
            return "softmax";
        }

        @Override
        public double[] of(float[] cosines) {
            float best = Float.NEGATIVE_INFINITY;
            for (float cosine : cosines) {
                best = Math.max(best, cosine);
            }
            double[] probabilities = new double[cosines.length];
            double total = 0;
            for (int i = 0; i < cosines.length; i++) {
                probabilities[i] = Math.exp((double) scale * (cosines[i] - best));
                total += probabilities[i];
            }
            for (int i = 0; i < cosines.length; i++) {
                probabilities[i] /= total;
            }
            return probabilities;
        }
    }

    /**
     * Whether a caption describes the image, whatever the others: {@code sigmoid(scale * cosine + bias)}, as SigLIP is trained.
     *
     * @param scale the factor of cosines
     * @param bias what is added then, mostly far below 0
     */
    record Sigmoid(float scale, float bias) implements Probabilities {
        @Override
        public String kind() {
            return "sigmoid";
        }

        @Override
        public double[] of(float[] cosines) {
            double[] probabilities = new double[cosines.length];
            for (int i = 0; i < cosines.length; i++) {
                probabilities[i] = 1 / (1 + Math.exp(-((double) scale * cosines[i] + bias)));
            }
            return probabilities;
        }
    }

    /** For machines. */
    String kind();

    /** The factor of cosines. */
    float scale();

    /** A probability for each of an image's cosines, in their order. */
    double[] of(float[] cosines);
}
