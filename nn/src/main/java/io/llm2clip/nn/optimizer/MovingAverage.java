package io.llm2clip.nn.optimizer;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Resources;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Limit;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.Update;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * An exponential moving average of parameters (Polyak averaging): after step t, from 1, it becomes {@code d average + (1 - d) parameter}
 * with {@code d = min(decay, (1 + t) / (10 + t))}, so that a short training does not remain at its start (TensorFlow's rule). A float for
 * each element.
 */
final class MovingAverage implements AutoCloseable {
    private final float decay;
    private final List<Parameter> parameters;
    private final Parameters averages = new Parameters(0);
    private final Tensor factor = Tensor.input("decay", Shape.SCALAR, DType.F32);
    private final Program program;

    /** An average of the parameters as they are. */
    MovingAverage(List<Parameter> parameters, float decay, Device device) {
        Limit.BETA.require("ema", decay);
        this.decay = decay;
        this.parameters = parameters;
        try {
            List<Update> updates = new ArrayList<>();
            for (Parameter parameter : parameters) {
                Parameter average = averages.root().create(name(parameter), parameter.shape(), Initializer.zeros());
                average.data().copyFrom(parameter.data());
                Tensor old = average.tensor();
                Tensor rest = Tensor.scalar(1).sub(factor);
                updates.add(Update.assign(
                        old, old.mul(factor).add(parameter.tensor().mul(rest))));
            }
            program = Program.compile(List.of(), updates, new Execution(device, ProgramOptions.DEFAULT));
        } catch (RuntimeException | Error e) {
            averages.close();
            throw e;
        }
    }

    private static String name(Parameter parameter) {
        return parameter.name() + ".ema";
    }

    /** What a checkpoint keeps. */
    List<Parameter> parameters() {
        return averages.all();
    }

    /** Takes the parameters into the average. */
    void update(long step) {
        float d = Math.min(decay, (1f + step) / (10f + step));
        program.feed(factor, TensorData.of(Shape.SCALAR, d));
        program.run();
    }

    /** Gives the parameters the values of the average, and the average theirs. */
    void exchange() {
        for (Parameter parameter : parameters) {
            MemorySegment ours = averages.get(name(parameter)).data().segment();
            MemorySegment theirs = parameter.data().segment();
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment copy = arena.allocate(ours.byteSize(), Long.BYTES);
                copy.copyFrom(ours);
                ours.copyFrom(theirs);
                theirs.copyFrom(copy);
            }
        }
    }

    @Override
    public void close() {
        Resources.closeAll(List.of(program::close, averages::close));
    }
}
