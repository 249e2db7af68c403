package io.llm2clip.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.gpu.codegen.GeneratedKernels;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.kernels.RowKernels;
import io.llm2clip.kernels.gpu.launch.DeviceKernels;
import io.llm2clip.kernels.operations.AdamWUpdate;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.KernelOpArbitraries;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;

/** The engine's own operations, by the checks that others get. */
class OurKernelsTest {

    @Example
    void kernelClassesKeepToTheDialect() throws IOException, URISyntaxException {
        URI location = RowKernels.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI();
        Path root = Path.of(location);
        if (Files.isDirectory(root)) {
            lintAll(root);
        } else {
            try (FileSystem jar = FileSystems.newFileSystem(root, Map.of())) {
                lintAll(jar.getPath("/"));
            }
        }
    }

    private static void lintAll(Path root) throws IOException {
        List<String> kernelClasses = new ArrayList<>();
        List<String> findings = new ArrayList<>();
        Path folder = root.resolve(RowKernels.class.getPackageName().replace('.', '/'));
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.class")) {
            for (Path file : files) {
                ClassModel model = ClassFile.of().parse(Files.readAllBytes(file));
                if (KernelLint.isKernelClass(model)) {
                    kernelClasses.add(model.thisClass().asSymbol().displayName());
                    findings.addAll(KernelLint.check(model));
                }
            }
        }
        assertThat(findings).isEmpty();
        assertThat(kernelClasses)
                .contains(
                        "AttentionKernels",
                        "ElementwiseKernels",
                        "MatmulKernels",
                        "NormKernels",
                        "RandomKernels",
                        "ReductionKernels",
                        "RowKernels",
                        "ScalarFunctions",
                        "ScatterKernels");
    }

    @Property(tries = 100)
    void generatedKernelsKeepToTheDialect(@ForAll("ofExpressions") KernelOp op) {
        DeviceKernels.plan(op).launches().forEach(launch -> lint(launch.kernel()));
    }

    @Example
    void interpretingKernelsKeepToTheDialect() {
        for (int inputs = 0; inputs < 5; inputs++) {
            lint(GeneratedKernels.interpretingElementwise(inputs));
            lint(GeneratedKernels.interpretingMatmul(inputs, false));
            lint(GeneratedKernels.interpretingMatmul(inputs, true));
        }
    }

    private static void lint(DeviceKernel kernel) {
        assertThat(KernelLint.check(kernel.owner())).as("%s", kernel).isEmpty();
    }

    @Provide
    Arbitrary<KernelOp> ofExpressions() {
        return Arbitraries.oneOf(KernelOpArbitraries.elementwise(), KernelOpArbitraries.matmul())
                .filter(op -> op.flops() < 1_000_000);
    }

    @Property(tries = 100, shrinking = ShrinkingMode.BOUNDED)
    void operationsPassOnTheCpu(@ForAll("all") KernelOp op, @ForAll long seed) {
        check(op).checkCpu(seed);
    }

    @Property(tries = 40, shrinking = ShrinkingMode.BOUNDED)
    void operationsPassOnDevices(@ForAll("forDevices") KernelOp op, @ForAll long seed) {
        check(op).checkDevice(seed);
    }

    @Provide
    Arbitrary<KernelOp> all() {
        return KernelOpArbitraries.all().filter(op -> op.flops() < 1_000_000);
    }

    @Provide
    Arbitrary<KernelOp> forDevices() {
        return KernelOpArbitraries.forDevices().filter(op -> op.flops() < 200_000);
    }

    /** With values that the operation is defined for. */
    private static OperationCheck check(KernelOp op) {
        OperationCheck check = OperationCheck.of(op).withTolerance(1e-4);
        return switch (op) {
            case AdamWUpdate _ ->
                check.withValues("rates", random -> random.nextDouble(0.1, 1))
                        .withValues("variance", random -> random.nextDouble(2));
            case Elementwise elementwise
            when !elementwise.isIdentity() -> {
                for (var input : op.inputs()) {
                    check = check.withValues(input.name(), random -> random.nextInt(-128, 129) / 64.0);
                }
                yield check;
            }
            default -> check;
        };
    }
}
