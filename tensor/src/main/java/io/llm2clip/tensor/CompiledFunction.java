package io.llm2clip.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * A function of tensors, compiled for each list of input shapes it is called with. Programs of shapes that were not used for long
 * are given up where all together take much memory, see {@link ProgramCache}.
 */
public final class CompiledFunction implements AutoCloseable {
    private record Compiled(List<Tensor> inputs, Program program) {}

    private final Function<List<Tensor>, List<Tensor>> body;
    private final Execution execution;
    private final ProgramCache<List<String>, Compiled> programs =
            new ProgramCache<>(compiled -> compiled.program.memory().pinned(), compiled -> compiled.program.close());

    /**
     * A function that is compiled when it is called.
     *
     * @param body builds the outputs' graph from inputs
     * @param execution where and how its programs run
     */
    public CompiledFunction(Function<List<Tensor>, List<Tensor>> body, Execution execution) {
        this.body = body;
        this.execution = execution;
    }

    /** Runs the function; the results are valid until the next call. */
    public List<TensorData> run(List<TensorData> values) {
        Compiled compiled = compiled(values);
        for (int i = 0; i < values.size(); i++) {
            if (compiled.program.needs(compiled.inputs.get(i))) {
                compiled.program.feed(compiled.inputs.get(i), values.get(i));
            }
        }
        return compiled.program.run();
    }

    /** The program for inputs of these shapes and types, compiled now if it was not yet. */
    public Program program(List<TensorData> like) {
        return compiled(like).program;
    }

    /** Whether there is a program for inputs of these shapes and types, so that a call takes no longer than its run. */
    public boolean isCompiled(List<TensorData> like) {
        return programs.has(key(like));
    }

    private static List<String> key(List<TensorData> values) {
        return values.stream().map(v -> v.dtype() + " " + v.shape()).toList();
    }

    private Compiled compiled(List<TensorData> values) {
        return programs.get(key(values), () -> {
            List<Tensor> inputs = new ArrayList<>();
            for (TensorData value : values) {
                inputs.add(Tensor.input("input" + inputs.size(), value.shape(), value.dtype()));
            }
            return new Compiled(inputs, Program.compile(body.apply(inputs), execution));
        });
    }

    @Override
    public void close() {
        programs.close();
    }
}
