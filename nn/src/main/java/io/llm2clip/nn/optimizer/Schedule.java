package io.llm2clip.nn.optimizer;

import io.llm2clip.nn.Limit;

/** Learning rate by step, from step 0. */
public sealed interface Schedule {

    /** The learning rate of a step. */
    float at(long step);

    /** The same for all steps. */
    record Constant(float peak) implements Schedule {
        public Constant {
            Limit.STEP_LEARNING_RATE.require("peak", peak);
        }

        @Override
        public float at(long step) {
            return peak;
        }
    }

    /**
     * {@code peak (step + 1) / warmUp} for the first steps, then half a cosine from the peak to 0 (OpenCLIP).
     *
     * @param warmUp steps of growth, 0 for none
     * @param total steps of the training, after which the rate is 0
     */
    record Cosine(float peak, long warmUp, long total) implements Schedule {
        public Cosine {
            require(peak, warmUp, total);
        }

        @Override
        public float at(long step) {
            if (step < warmUp) {
                return (float) ((double) peak * (step + 1) / warmUp);
            }
            double done = Math.min(1, (double) (step - warmUp) / (total - warmUp));
            return (float) (0.5 * (1 + Math.cos(Math.PI * done)) * peak);
        }
    }

    /**
     * {@code peak step / warmUp} for the first steps, so 0 for the very first, then a line from the peak to 0 (Hugging Face).
     *
     * @param warmUp steps of growth, 0 for none
     * @param total steps of the training, after which the rate is 0
     */
    record Linear(float peak, long warmUp, long total) implements Schedule {
        public Linear {
            require(peak, warmUp, total);
        }

        @Override
        public float at(long step) {
            double factor =
                    step < warmUp ? (double) step / warmUp : Math.max(0, (double) (total - step) / (total - warmUp));
            return (float) (peak * factor);
        }
    }

    private static void require(float peak, long warmUp, long total) {
        Limit.STEP_LEARNING_RATE.require("peak", peak);
        if (warmUp < 0 || total <= warmUp) {
            throw new IllegalArgumentException(
                    "A schedule of " + total + " steps with " + warmUp + " of warm-up; expected 0 <= warm-up < total.");
        }
    }
}
