package io.llm2clip.nn.optimizer;

import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.List;

/** The inputs of a loss, as nodes of its graph. */
record LossInputs(List<Tensor> nodes) {

    static LossInputs of(List<TrainStep.Input> inputs) {
        return new LossInputs(inputs.stream()
                .map(input -> Tensor.input(input.name(), input.shape(), input.dtype()))
                .toList());
    }

    /** Gives each input that a program needs its value. */
    void feed(List<TensorData> values, Program program) {
        if (values.size() != nodes.size()) {
            throw new IllegalArgumentException("Training step of " + nodes.size() + " inputs with " + values.size()
                    + " values; expected one each.");
        }
        for (int i = 0; i < values.size(); i++) {
            if (program.needs(nodes.get(i))) {
                program.feed(nodes.get(i), values.get(i));
            }
        }
    }
}
