package io.llm2clip.tensor;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** A function of tensors, compiled once for each list of input shapes it is called with. */
public final class CompiledFunction implements AutoCloseable {
    private record Compiled(List<Tensor> inputs, Program program) {}

    private final Function<List<Tensor>, List<Tensor>> body;
    private final Map<List<String>, Compiled> programs = new HashMap<>();

    /** @param body builds the outputs' graph from inputs */
    public CompiledFunction(Function<List<Tensor>, List<Tensor>> body) {
        this.body = body;
    }

    /** Runs the function; the results are overwritten by the next call with the same shapes. */
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

    private Compiled compiled(List<TensorData> values) {
        List<String> key = values.stream().map(v -> v.dtype() + " " + v.shape()).toList();
        return programs.computeIfAbsent(key, _ -> {
            List<Tensor> inputs = new ArrayList<>();
            for (TensorData value : values) {
                inputs.add(Tensor.input("input" + inputs.size(), value.shape(), value.dtype()));
            }
            return new Compiled(inputs, Program.compile(body.apply(inputs)));
        });
    }

    @Override
    public void close() {
        programs.values().forEach(compiled -> compiled.program.close());
        programs.clear();
    }
}
