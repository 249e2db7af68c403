package io.llm2clip.kernels.gpu.launch;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.codegen.EpilogueSize;
import io.llm2clip.kernels.gpu.codegen.GeneratedKernels;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.kernels.ElementwiseKernels;
import io.llm2clip.kernels.gpu.kernels.MatmulKernels;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch.Binding;
import io.llm2clip.kernels.operations.Broadcast;
import io.llm2clip.kernels.operations.Epilogue;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** The launch of a matmul. */
final class MatmulPlan {
    private MatmulPlan() {}

    /**
     * A launch of a kernel generated for the epilogue or, if there are too many of these, of one that interprets it. An epilogue that is
     * too large for a device's compiler is computed by launches of its own.
     */
    static List<DeviceLaunch> launches(Matmul op) {
        Expression epilogue = op.epilogue().expression();
        if (!EpilogueSize.fits(epilogue)) {
            return separate(op);
        }
        Optional<DeviceKernel> generated = GeneratedKernels.matmul(epilogue, words(op));
        return generated.isEmpty() ? interpreted(op) : launches(op, generated);
    }

    /** A launch of the kernel that interprets epilogues. */
    static List<DeviceLaunch> interpreted(Matmul op) {
        return EpilogueSize.fitsInterpreted(op.epilogue().extras().size())
                ? launches(op, Optional.empty())
                : separate(op);
    }

    /** The matmul alone, and its epilogue in place: every work-item reads the element that it writes. */
    private static List<DeviceLaunch> separate(Matmul op) {
        int out = 2 + op.epilogue().extras().size();
        List<DeviceLaunch> launches = new ArrayList<>();
        launches(op.withEpilogue(Epilogue.NONE))
                .forEach(launch -> launches.add(launch.renumbered(operand -> operand == 2 ? out : operand)));
        ElementwisePlan.launches(op.finish())
                .forEach(launch -> launches.add(launch.renumbered(operand -> operand == 0 ? out : operand + 1)));
        return launches;
    }

    private static List<DeviceLaunch> launches(Matmul op, Optional<DeviceKernel> generated) {
        if (op.batch() == 0 || op.m() == 0 || op.n() == 0) {
            return List.of();
        }
        List<Integer> dimensions = new ArrayList<>(List.of(op.m(), op.n(), op.k()));
        dimensions.addAll(strides(op.a(), op.batch()));
        dimensions.addAll(strides(op.b(), op.batch()));
        List<Broadcast> extras = op.epilogue().extras();
        Expression expression = op.epilogue().expression();
        dimensions.add(extras.size());
        List<Integer> code = generated.isPresent() ? List.of() : ElementwisePlan.code(expression);
        dimensions.add(code.size() / ElementwiseKernels.INSTRUCTION);
        dimensions.add(op.b().format().ordinal());
        for (Broadcast extra : extras) {
            dimensions.addAll(
                    switch (extra) {
                        case FULL ->
                            List.of(Arenas.index("Elements of an output matrix", (long) op.m() * op.n()), op.n(), 1);
                        case ROW -> List.of(0, 0, 1);
                        case SCALAR -> List.of(0, 0, 0);
                    });
        }
        dimensions.addAll(code);
        Grid grid = new Grid(
                tiles(op.n()) * MatmulKernels.SIDE,
                tiles(op.m()) * MatmulKernels.SIDE,
                op.batch(),
                MatmulKernels.SIDE,
                MatmulKernels.SIDE,
                1);
        // The kernel takes the output before the extra operands, of which there may be any number.
        int out = 2 + extras.size();
        List<Binding> operands = new ArrayList<>(Binding.all(0, 1, out));
        IntStream.range(2, out).mapToObj(Binding::of).forEach(operands::add);
        return List.of(new DeviceLaunch(
                generated.orElseGet(() -> GeneratedKernels.interpretingMatmul(extras.size(), words(op))),
                grid,
                dimensions,
                ElementwisePlan.literals(expression),
                operands));
    }

    /** Whether B is stored in words of 16 bits, as every format but f32 is. */
    private static boolean words(Matmul op) {
        return op.b().format() != DType.F32;
    }

    /** Devices multiply matrices that are stored by rows. */
    static void requireSupported(Matmul op) {
        if (op.panels() != null) {
            throw new IllegalArgumentException(
                    "Matmul with a packed A runs on the CPU only, found " + op.panels() + "; pass A as it is stored.");
        }
        if (op.panelsOfB() != null) {
            throw new IllegalArgumentException("Matmul with a B in panels runs on the CPU only, found " + op.panelsOfB()
                    + "; pass B as it is stored.");
        }
        if (op.epilogue().panels() != null) {
            throw new IllegalArgumentException("Matmul with packed extra operands runs on the CPU only, found "
                    + op.epilogue().panels() + "; pass them by rows.");
        }
        if (op.b().packing() != null) {
            throw new IllegalArgumentException("Matmul with a packed B runs on the CPU only, found "
                    + op.b().packing() + "; pass B as it is stored.");
        }
    }

    /** Strides of a matrix's rows, columns and batches. */
    private static List<Integer> strides(MatrixOperand operand, int batch) {
        // A stride that is never taken may be of any size.
        int batches = batch == 1 ? 0 : Arenas.index("Elements between matrices", operand.batchStride());
        int leading = operand.leadingDimension();
        return operand.transposed() ? List.of(1, leading, batches) : List.of(leading, 1, batches);
    }

    private static int tiles(int extent) {
        return Math.ceilDiv(extent, MatmulKernels.TILE);
    }
}
