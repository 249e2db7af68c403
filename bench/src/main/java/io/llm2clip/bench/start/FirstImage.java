package io.llm2clip.bench.start;

import io.llm2clip.kernels.DType;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Parameters;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Opens a vision tower, embeds one image of given pixels and ends. The arguments are the tower's directory and a file, which receives the
 * vector as f32 of the machine's byte order.
 */
public final class FirstImage {
    private FirstImage() {}

    public static void main(String[] arguments) {
        if (arguments.length != 2) {
            System.err.println(
                    "error: expected a vision tower and a file to write, found %d arguments; start bench/start/run."
                            .formatted(arguments.length));
            System.exit(2);
        }
        try (Parameters parameters = Parameters.frozen()) {
            VisionTower tower = VisionTower.open(parameters, Path.of(arguments[0]));
            int side = tower.config().imageSize();
            Tensor pixels = Tensor.input("pixels", Shape.of(1, 3, side, side), DType.F32);
            TensorData image = TensorData.allocate(pixels.shape(), DType.F32);
            for (long i = 0; i < pixels.shape().size(); i++) {
                image.segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, pixel(i));
            }
            try (Program program = Program.compile(List.of(tower.embed(pixels)), Execution.cpu())) {
                program.feed(pixels, image);
                write(program.run().getFirst().readOnly(), Path.of(arguments[1]));
            }
        }
    }

    /** From -1 to 1, as the peer has it. */
    private static float pixel(long index) {
        return (float) (index * 7919 % 2001 - 1000) / 1000;
    }

    private static void write(MemorySegment vector, Path file) {
        try {
            Files.write(file, vector.toArray(ValueLayout.JAVA_BYTE));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
