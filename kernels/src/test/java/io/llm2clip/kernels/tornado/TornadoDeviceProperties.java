package io.llm2clip.kernels.tornado;

import io.llm2clip.kernels.KernelOp;
import io.llm2clip.kernels.KernelOpArbitraries;
import io.llm2clip.kernels.OperandBuffers;
import io.llm2clip.kernels.device.TileEdges;
import io.llm2clip.kernels.reference.Reference;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** What must hold on a device; {@link TornadoDeviceTest} runs it in a JVM that has TornadoVM. */
class TornadoDeviceProperties {
    private static final double TOLERANCE = 1e-4;
    private static final int ELEMENTS = 1 << 22;

    private static TornadoDevice device;

    @BeforeContainer
    static void open() {
        device = TornadoDevice.open(0, ELEMENTS, ELEMENTS, ELEMENTS);
    }

    @AfterContainer
    static void close() {
        device.close();
    }

    @Provide
    Arbitrary<KernelOp> operations() {
        return KernelOpArbitraries.all();
    }

    @Property(tries = 400, shrinking = ShrinkingMode.BOUNDED)
    void agreesWithReference(@ForAll("operations") KernelOp op, @ForAll long seed) {
        check(op, seed);
    }

    @Example
    void agreesWithReferenceAtTileEdges() {
        TileEdges.operations().forEach(op -> check(op, 1));
    }

    private static void check(KernelOp op, long seed) {
        try (OperandBuffers expected = OperandBuffers.random(op, seed);
                OperandBuffers found = expected.copy()) {
            Reference.run(op, expected.segments());
            DeviceOperation operation = new DeviceOperation(device, op);
            operation.upload(found.segments());
            operation.launch();
            operation.download(found.segments());
            found.assertCloseTo(expected, TOLERANCE);
        }
    }
}
