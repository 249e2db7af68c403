package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.cublas.CublasException;
import io.llm2clip.kernels.gpu.cublas.CublasLt;
import io.llm2clip.kernels.gpu.cublas.CublasMatmul;
import io.llm2clip.kernels.gpu.cublas.Product;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.device.DeviceException;
import io.llm2clip.kernels.gpu.device.DeviceStep;
import io.llm2clip.kernels.gpu.device.MatmulPrecision;
import io.llm2clip.kernels.gpu.device.OperationScratch;
import io.llm2clip.kernels.gpu.launch.DeviceKernels;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.Epilogue;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Operations delegated to cuBLASLt: matmul, and attention composed of matmuls. */
final class LibraryProducts implements AutoCloseable {
    /** Alignment of CUDA allocations in bytes; no algorithm requires more. */
    private static final long ALIGNMENT = 256;

    private final CublasLt library;
    private final int header;

    private LibraryProducts(CublasLt library, int header) {
        this.library = library;
        this.header = header;
    }

    /** The library of a device; none where its back end takes no libraries, or there is no file of it. */
    static Optional<LibraryProducts> of(DeviceInfo device, TornadoApi api) {
        if (!device.isCuda() || !api.takesLibraries()) {
            return Optional.empty();
        }
        try {
            return CublasLt.find().map(library -> new LibraryProducts(library, api.header()));
        } catch (CublasException e) {
            throw new DeviceException(String.valueOf(e.getMessage()), e);
        }
    }

    /** Steps of an operation that is better done by the library; empty for any other one. */
    List<DeviceStep> steps(
            KernelOp op,
            MatmulPrecision precision,
            List<DeviceAddress> operands,
            boolean[] rounded,
            OperationScratch scratch) {
        return switch (op) {
            case Matmul matmul -> matmul(matmul, precision, operands, rounded, scratch);
            case AttentionOp.Attention attention
            when LibraryAttention.pays(attention.shape()) ->
                new LibraryAttention(attention.shape(), precision).forward(operands, scratch);
            case AttentionOp.AttentionGradient attention
            when LibraryAttention.pays(attention.shape()) ->
                new LibraryAttention(attention.shape(), precision).gradient(operands, scratch);
            default -> List.of();
        };
    }

    /** With the epilogue in a kernel of its own where the library has none like it. */
    private List<DeviceStep> matmul(
            Matmul op,
            MatmulPrecision precision,
            List<DeviceAddress> places,
            boolean[] rounded,
            OperationScratch scratch) {
        if (Product.of(op).isEmpty() || op.b().format() != DType.F32) {
            return List.of();
        }
        List<DeviceStep> steps = new ArrayList<>();
        List<DeviceAddress> operands = new ArrayList<>(places);
        if (precision.factors() != DType.F32) {
            round(op, precision.factors(), operands, rounded, steps, scratch);
        }
        if (op.epilogue().isIdentity() || op.epilogue().addsExtra()) {
            steps.add(bound(Product.of(op), precision, operands));
            return steps;
        }
        DeviceAddress out = operands.getLast();
        steps.add(bound(
                Product.of(op.withEpilogue(Epilogue.NONE)), precision, List.of(operands.get(0), operands.get(1), out)));
        // In place: every work-item reads the element that it writes.
        operands.set(1, out);
        List<DeviceAddress> finish = operands.subList(1, operands.size());
        for (DeviceLaunch launch : DeviceKernels.plan(op.finish()).launches()) {
            steps.add(new BoundLaunch(launch, finish));
        }
        return steps;
    }

    private static BoundProduct bound(Product product, MatmulPrecision precision, List<DeviceAddress> operands) {
        return new BoundProduct(
                product,
                precision,
                operands.stream().map(DeviceAddress::arena).toList(),
                List.of(operands.stream().mapToInt(DeviceAddress::element).toArray()));
    }

    /** Converts A and B unless they already are, and points the matmul at the converted copies. */
    private static void round(
            Matmul op,
            DType dtype,
            List<DeviceAddress> operands,
            boolean[] rounded,
            List<DeviceStep> steps,
            OperationScratch scratch) {
        long[] sizes = new long[2];
        for (int i = 0; i < 2; i++) {
            boolean done = i < rounded.length && rounded[i];
            // So that what comes behind is as well aligned as the first.
            sizes[i] = done ? 0 : Math.ceilDiv(op.operands().get(i).elements(), ALIGNMENT) * ALIGNMENT;
        }
        if (sizes[0] + sizes[1] == 0) {
            return;
        }
        DeviceAddress place = scratch.take(dtype, sizes[0] + sizes[1]);
        for (int i = 0; i < 2; i++) {
            if (sizes[i] > 0) {
                int elements = Math.toIntExact(op.operands().get(i).elements());
                KernelOp convert = Elementwise.convert(elements, DType.F32, dtype);
                for (DeviceLaunch launch : DeviceKernels.plan(convert).launches()) {
                    steps.add(new BoundLaunch(launch, List.of(operands.get(i), place)));
                }
                operands.set(i, place);
                place = place.plus((int) sizes[i]);
            }
        }
    }

    /** The call of a step, which the caller closes. */
    Call call(BoundProduct product) {
        return new Call(product);
    }

    /** One matmul in a graph. */
    final class Call implements LibraryCall, AutoCloseable {
        private final BoundProduct bound;
        private @Nullable CublasMatmul matmul;

        private Call(BoundProduct bound) {
            this.bound = bound;
        }

        @Override
        public List<Integer> arenas() {
            return bound.arenas().stream().distinct().toList();
        }

        @Override
        public void prepare(long context) {
            library.open(context);
            if (matmul == null) {
                long[] alignments = new long[bound.arenas().size()];
                Arrays.fill(alignments, ALIGNMENT);
                for (int[] offsets : bound.offsets()) {
                    for (int i = 0; i < alignments.length; i++) {
                        long bytes = header + (long) offsets[i] * type(i).bytes();
                        alignments[i] = Long.lowestOneBit(bytes | alignments[i]);
                    }
                }
                matmul = new CublasMatmul(library, bound.product(), bound.precision(), alignments);
            }
        }

        @Override
        public void run(long[] addresses, long stream) {
            if (matmul == null) {
                throw new IllegalStateException("A matmul is run that was not prepared.");
            }
            List<Integer> distinct = arenas();
            for (int[] offsets : bound.offsets()) {
                long[] operands = new long[offsets.length];
                for (int i = 0; i < operands.length; i++) {
                    long arena = addresses[distinct.indexOf(bound.arenas().get(i))];
                    operands[i] = arena + (long) offsets[i] * type(i).bytes();
                }
                matmul.run(operands, stream);
            }
        }

        private DType type(int operand) {
            return operand < 2 ? bound.precision().factors() : DType.F32;
        }

        @Override
        public void close() {
            if (matmul != null) {
                matmul.close();
                matmul = null;
            }
        }
    }

    String version() {
        return "cuBLASLt " + library.version();
    }

    @Override
    public void close() {
        library.close();
    }
}
