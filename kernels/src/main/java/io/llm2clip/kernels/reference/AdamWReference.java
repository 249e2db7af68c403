package io.llm2clip.kernels.reference;

import io.llm2clip.kernels.operations.AdamWUpdate;

/** The AdamW update. */
final class AdamWReference {

    private AdamWReference() {}

    static void step(AdamWUpdate op, Floats[] operands) {
        AdamWUpdate.Hyper hyper = op.hyper();
        Floats rates = operands[1];
        double scale = operands[2].get(0);
        if (!Double.isFinite(scale)) {
            return;
        }
        double rate = (double) rates.get(0) * hyper.learningRateScale();
        double beta1 = hyper.beta1();
        double beta2 = hyper.beta2();
        for (long i = 0; i < op.elements(); i++) {
            double gradient = scale * operands[0].get(i);
            double mean = beta1 * operands[4].get(i) + (1 - beta1) * gradient;
            double variance = beta2 * operands[5].get(i) + (1 - beta2) * gradient * gradient;
            double step = mean / rates.get(1) / (Math.sqrt(variance / rates.get(2)) + hyper.epsilon());
            operands[3].set(i, operands[3].get(i) * (1 - rate * hyper.weightDecay()) - rate * step);
            operands[4].set(i, mean);
            operands[5].set(i, variance);
        }
    }
}
