package io.llm2clip.kernels.reference;

import io.llm2clip.kernels.operations.AdamWUpdate;

/** The AdamW update. */
final class AdamWReference {

    private AdamWReference() {}

    static void step(AdamWUpdate op, Floats[] operands) {
        Floats hyper = operands[1];
        double learningRate = hyper.get(0);
        double beta1 = hyper.get(1);
        double beta2 = hyper.get(2);
        double epsilon = hyper.get(3);
        double weightDecay = hyper.get(4);
        for (long i = 0; i < op.elements(); i++) {
            double gradient = (double) hyper.get(7) * operands[0].get(i);
            double mean = beta1 * operands[3].get(i) + (1 - beta1) * gradient;
            double variance = beta2 * operands[4].get(i) + (1 - beta2) * gradient * gradient;
            double step = mean / hyper.get(5) / (Math.sqrt(variance / hyper.get(6)) + epsilon);
            operands[2].set(i, operands[2].get(i) * (1 - learningRate * weightDecay) - learningRate * step);
            operands[3].set(i, mean);
            operands[4].set(i, variance);
        }
    }
}
