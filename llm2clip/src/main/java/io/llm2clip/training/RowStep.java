package io.llm2clip.training;

import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntFunction;

/**
 * A step of rows of tokens, each of which adds to the loss by itself: what helps is to compute fewer of them at a time.
 *
 * @param rows that are computed at a time
 * @param parts of a step, whose gradients are summed
 * @param options whether {@code --batch} and {@code --accumulate} say how many there are of both
 * @param inputs of the first rows of the step, as many as are asked for
 * @param loss of inputs
 * @param otherwise what else can be done about memory
 */
record RowStep(
        int rows,
        int parts,
        boolean options,
        IntFunction<List<TensorData>> inputs,
        Function<List<Tensor>, Tensor> loss,
        String otherwise)
        implements StepMemory.Step {
    /** @throws IllegalArgumentException if a step has more tokens than one array holds */
    static void requireTokens(int batch, int accumulate, int length) {
        if ((double) batch * accumulate * length > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "A step of %d times %d rows of %d tokens; expected at most %d tokens in all, lower one of the three."
                            .formatted(accumulate, batch, length, Integer.MAX_VALUE));
        }
    }

    @Override
    public long prepare(StepPrograms programs) {
        List<TensorData> first = inputs.apply(rows);
        return (parts > 1
                        ? programs.part(first, loss).memory()
                        : programs.step(first, loss).memory())
                .total();
    }

    @Override
    public boolean summed(StepOptions options) {
        return parts > 1;
    }

    /** The most rows that are tried and fit. */
    @Override
    public String remedies(StepMemory memory, long programs) {
        for (int tried : Fewer.of(rows, memory.room() / programs)) {
            RowStep step = new RowStep(tried, Math.ceilDiv(rows * parts, tried), options, inputs, loss, otherwise);
            Optional<String> takes = memory.fitting(step, memory.options());
            if (takes.isPresent()) {
                return "%s %s, or %s".formatted(step.option(), takes.get(), otherwise);
            }
        }
        return otherwise;
    }

    private String option() {
        return options ? "--batch %d --accumulate %d".formatted(rows, parts) : "a batch of %d rows".formatted(rows);
    }
}
