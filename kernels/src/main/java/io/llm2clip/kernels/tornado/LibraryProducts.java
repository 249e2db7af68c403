package io.llm2clip.kernels.tornado;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.KernelOp;
import io.llm2clip.kernels.cublas.CublasException;
import io.llm2clip.kernels.cublas.CublasLt;
import io.llm2clip.kernels.cublas.Matmul;
import io.llm2clip.kernels.cublas.MatmulPrecision;
import io.llm2clip.kernels.device.DeviceKernels;
import io.llm2clip.kernels.device.DeviceLaunch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Matrix products of a device by its library. */
final class LibraryProducts implements AutoCloseable {
    /** Of this many bytes addresses of memory that CUDA allocates are multiples, and algorithms ask for no more. */
    private static final long ALIGNMENT = 256;

    private final CublasLt library;
    private final MatmulPrecision precision;
    private final int header;

    private LibraryProducts(CublasLt library, MatmulPrecision precision, int header) {
        this.library = library;
        this.precision = precision;
        this.header = header;
    }

    /** The library of a device; none where its back end takes no libraries, or there is no file of it. */
    static Optional<LibraryProducts> of(DeviceInfo device, TornadoApi api, MatmulPrecision precision) {
        if (!device.isCuda() || !api.takesLibraries()) {
            return Optional.empty();
        }
        try {
            return CublasLt.find().map(library -> new LibraryProducts(library, precision, api.header()));
        } catch (CublasException e) {
            throw new DeviceException(String.valueOf(e.getMessage()), e);
        }
    }

    /**
     * Steps of a product, with the epilogue in a kernel of its own where the library has none like it; empty if it has no such
     * product.
     */
    List<DeviceStep> steps(KernelOp.Gemm op, int[] offsets, Scratch scratch) {
        if (!Matmul.takes(op.plain())) {
            return List.of();
        }
        List<DeviceStep> steps = new ArrayList<>();
        int[] operands = offsets.clone();
        if (precision.factors() != DType.F32) {
            round(op, operands, steps, scratch);
        }
        if (Matmul.takes(op)) {
            steps.add(new BoundProduct(op, operands));
            return steps;
        }
        int out = operands[operands.length - 1];
        steps.add(new BoundProduct(op.plain(), new int[] {operands[0], operands[1], out}));
        // In place: every work-item reads the element that it writes.
        operands[1] = out;
        int[] finish = Arrays.copyOfRange(operands, 1, operands.length);
        for (DeviceLaunch launch : DeviceKernels.plan(op.finish()).launches()) {
            steps.add(new BoundLaunch(launch, finish));
        }
        return steps;
    }

    /** Has the factors rounded, and the product take them from there. */
    private void round(KernelOp.Gemm op, int[] operands, List<DeviceStep> steps, Scratch scratch) {
        long first = op.operands().get(0).elements();
        // The second factor begins where it is as well aligned as the first one.
        long second = Math.ceilDiv(first, ALIGNMENT) * ALIGNMENT;
        int start =
                scratch.take(precision.factors(), second + op.operands().get(1).elements());
        for (int i = 0; i < 2; i++) {
            int rounded = start + (int) (i * second);
            KernelOp convert = new KernelOp.Convert(op.operands().get(i).elements(), DType.F32, precision.factors());
            for (DeviceLaunch launch : DeviceKernels.plan(convert).launches()) {
                steps.add(new BoundLaunch(launch, new int[] {operands[i], rounded}));
            }
            operands[i] = rounded;
        }
    }

    /** The call of a step, which the caller closes. */
    Call call(BoundProduct product) {
        return new Call(product);
    }

    /** One product in a graph. */
    final class Call implements LibraryCall, AutoCloseable {
        private final BoundProduct product;
        private @Nullable Matmul matmul;

        private Call(BoundProduct product) {
            this.product = product;
        }

        @Override
        public void prepare(long context) {
            library.open(context);
            if (matmul == null) {
                long[] alignments = new long[product.offsets().length];
                for (int i = 0; i < alignments.length; i++) {
                    long bytes = header + (long) product.offsets()[i] * type(i).bytes();
                    alignments[i] = Long.lowestOneBit(bytes | ALIGNMENT);
                }
                matmul = new Matmul(library, product.op(), precision, alignments);
            }
        }

        @Override
        public void run(long floats, long halves, long stream) {
            if (matmul == null) {
                throw new IllegalStateException("A product is run that was not prepared.");
            }
            long[] addresses = new long[product.offsets().length];
            for (int i = 0; i < addresses.length; i++) {
                long arena = type(i) == DType.F32 ? floats : halves;
                addresses[i] = arena + (long) product.offsets()[i] * type(i).bytes();
            }
            matmul.run(addresses, stream);
        }

        private DType type(int operand) {
            return operand < 2 ? precision.factors() : DType.F32;
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
