package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.cublas.CublasException;
import io.llm2clip.kernels.gpu.cublas.CublasLt;
import io.llm2clip.kernels.gpu.cublas.CublasMatmul;
import io.llm2clip.kernels.gpu.cublas.MatmulPrecision;
import io.llm2clip.kernels.gpu.cublas.Product;
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

/** What a device does by its library: matrix products, and what consists of them. */
final class LibraryProducts implements AutoCloseable {
    /** Of this many bytes addresses of memory that CUDA allocates are multiples, and algorithms ask for no more. */
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
            KernelOp op, MatmulPrecision precision, int[] offsets, boolean[] rounded, OperationScratch scratch) {
        return switch (op) {
            case Matmul product -> product(product, precision, offsets, rounded, scratch);
            case AttentionOp.Attention attention
            when LibraryAttention.pays(attention.shape()) ->
                new LibraryAttention(attention.shape(), precision).forward(offsets, scratch);
            case AttentionOp.AttentionGradient attention
            when LibraryAttention.pays(attention.shape()) ->
                new LibraryAttention(attention.shape(), precision).gradient(offsets, scratch);
            default -> List.of();
        };
    }

    /** With the epilogue in a kernel of its own where the library has none like it. */
    private List<DeviceStep> product(
            Matmul op, MatmulPrecision precision, int[] offsets, boolean[] rounded, OperationScratch scratch) {
        if (Product.of(op).isEmpty()) {
            return List.of();
        }
        List<DeviceStep> steps = new ArrayList<>();
        int[] operands = offsets.clone();
        if (precision.factors() != DType.F32) {
            round(op, precision.factors(), operands, rounded, steps, scratch);
        }
        if (op.epilogue().isIdentity() || op.epilogue().addsExtra()) {
            steps.add(new BoundProduct(Product.of(op), precision, List.of(operands)));
            return steps;
        }
        int out = operands[operands.length - 1];
        int[] alone = {operands[0], operands[1], out};
        steps.add(new BoundProduct(Product.of(op.withEpilogue(Epilogue.NONE)), precision, List.of(alone)));
        // In place: every work-item reads the element that it writes.
        operands[1] = out;
        int[] finish = Arrays.copyOfRange(operands, 1, operands.length);
        for (DeviceLaunch launch : DeviceKernels.plan(op.finish()).launches()) {
            steps.add(new BoundLaunch(launch, finish));
        }
        return steps;
    }

    /** Has factors rounded that are not yet, and the product take them from there. */
    private void round(
            Matmul op,
            DType dtype,
            int[] operands,
            boolean[] rounded,
            List<DeviceStep> steps,
            OperationScratch scratch) {
        long[] sizes = new long[2];
        for (int i = 0; i < 2; i++) {
            boolean done = i < rounded.length && rounded[i];
            // So that what comes behind is as well aligned as the first.
            sizes[i] = done ? 0 : Math.ceilDiv(op.operands().get(i).elements(), ALIGNMENT) * ALIGNMENT;
        }
        int place = sizes[0] + sizes[1] == 0 ? 0 : scratch.take(dtype, sizes[0] + sizes[1]);
        for (int i = 0; i < 2; i++) {
            if (sizes[i] > 0) {
                int elements = Math.toIntExact(op.operands().get(i).elements());
                KernelOp convert = Elementwise.convert(elements, DType.F32, dtype);
                for (DeviceLaunch launch : DeviceKernels.plan(convert).launches()) {
                    steps.add(new BoundLaunch(launch, new int[] {operands[i], place}));
                }
                operands[i] = place;
                place += (int) sizes[i];
            }
        }
    }

    /** The call of a step, which the caller closes. */
    Call call(BoundProduct product) {
        return new Call(product);
    }

    /** One product in a graph. */
    final class Call implements LibraryCall, AutoCloseable {
        private final BoundProduct bound;
        private @Nullable CublasMatmul matmul;

        private Call(BoundProduct bound) {
            this.bound = bound;
        }

        @Override
        public void prepare(long context) {
            library.open(context);
            if (matmul == null) {
                long[] alignments = new long[bound.places().getFirst().length];
                Arrays.fill(alignments, ALIGNMENT);
                for (int[] places : bound.places()) {
                    for (int i = 0; i < alignments.length; i++) {
                        long bytes = header + (long) places[i] * type(i).bytes();
                        alignments[i] = Long.lowestOneBit(bytes | alignments[i]);
                    }
                }
                matmul = new CublasMatmul(library, bound.product(), bound.precision(), alignments);
            }
        }

        @Override
        public void run(long floats, long halves, long stream) {
            if (matmul == null) {
                throw new IllegalStateException("A product is run that was not prepared.");
            }
            for (int[] places : bound.places()) {
                long[] addresses = new long[places.length];
                for (int i = 0; i < addresses.length; i++) {
                    long arena = type(i) == DType.F32 ? floats : halves;
                    addresses[i] = arena + (long) places[i] * type(i).bytes();
                }
                matmul.run(addresses, stream);
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
