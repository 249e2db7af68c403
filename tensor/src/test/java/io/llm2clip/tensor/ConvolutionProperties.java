package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.kernels.DType;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Convolutions against their sums written out, and their gradients against what sums make of them: both are linear. */
class ConvolutionProperties {
    /** Images {@code [n, c, h, w]} and kernels {@code [o, c, kh, kw]}. */
    private record Case(int n, int c, int h, int w, int o, int kh, int kw, int stride, int padding) {
        int rows() {
            return (h + 2 * padding - kh) / stride + 1;
        }

        int columns() {
            return (w + 2 * padding - kw) / stride + 1;
        }

        Shape images() {
            return Shape.of(n, c, h, w);
        }

        Shape kernels() {
            return Shape.of(o, c, kh, kw);
        }
    }

    @Provide
    Arbitrary<Case> cases() {
        Arbitrary<Integer> few = Arbitraries.integers().between(1, 3);
        Arbitrary<Integer> side = Arbitraries.integers().between(1, 7);
        return Combinators.combine(Arbitraries.integers().between(0, 2), few, side, side, few, few, few, few)
                .flatAs((n, c, h, w, o, kh, kw, stride) -> Arbitraries.integers()
                        .between(0, 2)
                        .map(padding -> new Case(n, c, h, w, o, kh, kw, stride, padding)))
                .filter(test -> test.kh <= test.h + 2 * test.padding && test.kw <= test.w + 2 * test.padding);
    }

    private static TensorData random(Shape shape, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return TensorData.of(shape, values);
    }

    /** The pixel that an element of a patch lies on; -1 in the padding. */
    private static int pixel(Case test, int n, int c, int row, int column, int y, int x) {
        int py = row * test.stride + y - test.padding;
        int px = column * test.stride + x - test.padding;
        boolean inside = py >= 0 && py < test.h && px >= 0 && px < test.w;
        return inside ? ((n * test.c + c) * test.h + py) * test.w + px : -1;
    }

    @FunctionalInterface
    private interface Term {
        void add(int out, int pixel, int weight);
    }

    /** All products of a convolution: output, pixel and weight by their numbers. */
    private static void terms(Case test, Term term) {
        for (int n = 0; n < test.n; n++) {
            for (int o = 0; o < test.o; o++) {
                for (int row = 0; row < test.rows(); row++) {
                    for (int column = 0; column < test.columns(); column++) {
                        int out = ((n * test.o + o) * test.rows() + row) * test.columns() + column;
                        for (int i = 0; i < test.c * test.kh * test.kw; i++) {
                            int c = i / (test.kh * test.kw);
                            int pixel = pixel(test, n, c, row, column, i / test.kw % test.kh, i % test.kw);
                            if (pixel >= 0) {
                                term.add(out, pixel, o * test.c * test.kh * test.kw + i);
                            }
                        }
                    }
                }
            }
        }
    }

    @Property(tries = 200)
    void valuesAndGradientsAreSumsOfProducts(@ForAll("cases") Case test, @ForAll long seed) {
        TensorData images = random(test.images(), seed);
        TensorData kernels = random(test.kernels(), seed + 1);
        Tensor x = Tensor.variable("x", images);
        Tensor w = Tensor.variable("w", kernels);
        Tensor out = x.conv2d(w, test.stride, test.padding);
        assertThat(out.shape()).isEqualTo(Shape.of(test.n, test.o, test.rows(), test.columns()));
        TensorData seeds = random(out.shape(), seed + 2);
        List<Tensor> gradients = Gradients.of(out, Tensor.variable("g", seeds), List.of(x, w));
        float[] a = images.toFloats();
        float[] b = kernels.toFloats();
        float[] g = seeds.toFloats();
        float[] value = new float[g.length];
        float[] dx = new float[a.length];
        float[] dw = new float[b.length];
        terms(test, (o, pixel, weight) -> {
            value[o] += a[pixel] * b[weight];
            dx[pixel] += g[o] * b[weight];
            dw[weight] += g[o] * a[pixel];
        });
        List<Tensor> outputs = List.of(out, gradients.get(0), gradients.get(1));
        List<TensorData> interpreted = Interpreter.evaluate(outputs, Map.of());
        try (Program program = Program.compile(outputs, TestExecution.get())) {
            List<TensorData> compiled = program.run();
            List<float[]> expected = List.of(value, dx, dw);
            for (int i = 0; i < expected.size(); i++) {
                assertThat(compiled.get(i).toFloats()).containsExactly(expected.get(i), within(1e-4f));
                assertThat(interpreted.get(i).toFloats()).containsExactly(expected.get(i), within(1e-4f));
            }
        }
    }

    /** As PyTorch's unfold, but with a patch's elements together. */
    @Property(tries = 100)
    void patchesAreTheirPixels(@ForAll("cases") Case test, @ForAll long seed) {
        TensorData images = random(test.images(), seed);
        Tensor patches = Tensor.variable("x", images).patches(test.kh, test.kw, test.stride, test.padding);
        int size = test.c * test.kh * test.kw;
        assertThat(patches.shape()).isEqualTo(Shape.of(test.n, test.rows(), test.columns(), size));
        float[] pixels = images.toFloats();
        float[] expected = new float[patches.shape().size()];
        for (int i = 0; i < expected.length; i++) {
            int patch = i / size;
            int pixel = pixel(
                    test,
                    patch / (test.rows() * test.columns()),
                    i % size / (test.kh * test.kw),
                    patch / test.columns() % test.rows(),
                    patch % test.columns(),
                    i / test.kw % test.kh,
                    i % test.kw);
            expected[i] = pixel < 0 ? 0 : pixels[pixel];
        }
        assertThat(patches.evaluate(TestExecution.get()).toFloats()).containsExactly(expected);
    }

    /** From {@code torch.nn.functional.conv2d(x, w, stride=2, padding=1)}. */
    @Example
    void anExampleOfPyTorch() {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(1, 1, 3, 4), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
        Tensor w = Tensor.variable("w", TensorData.of(Shape.of(2, 1, 2, 3), 1, 0, -1, 2, 0.5f, 1, 0, 1, 0, 0, 0, 1));
        assertThat(x.conv2d(w, 2, 1).evaluate(TestExecution.get()).toFloats())
                .containsExactly(2.5f, 9.5f, 8.5f, 35.5f, 2, 4, 15, 19);
    }

    @Example
    void nanInOneImageStaysThere() {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(2, 1, 1, 3), 1, 2, 3, 4, Float.NaN, 6));
        Tensor w = Tensor.variable("w", TensorData.of(Shape.of(1, 1, 1, 2), 1, 1));
        assertThat(x.conv2d(w, 1, 0).evaluate(TestExecution.get()).toFloats())
                .containsExactly(3, 5, Float.NaN, Float.NaN);
    }

    @Example
    void whatDoesNotFitIsRefused() {
        Tensor images = Tensor.input("x", Shape.of(1, 3, 4, 5), DType.F32);
        Tensor kernels = Tensor.input("w", Shape.of(2, 3, 3, 3), DType.F32);
        assertThatThrownBy(() -> images.conv2d(Tensor.input("w", Shape.of(2, 4, 3, 3), DType.F32), 1, 0))
                .isInstanceOf(TensorException.class)
                .hasMessage("conv2d: [1, 3, 4, 5] with kernels [2, 4, 3, 3]; expected [batch, channels, height, width]"
                        + " and [outputs, channels, height, width].");
        assertThatThrownBy(() -> images.reshape(3, 4, 5).conv2d(kernels, 1, 0))
                .isInstanceOf(TensorException.class)
                .hasMessageStartingWith("conv2d: [3, 4, 5] with kernels [2, 3, 3, 3]; expected ");
        assertThatThrownBy(() -> images.conv2d(kernels, 0, 0))
                .hasMessage(
                        "conv2d: patches of 3 x 3, stride 0, padding 0; expected 1 or more, and padding 0 or more.");
        assertThatThrownBy(() -> images.conv2d(kernels, 1, -1))
                .hasMessage(
                        "conv2d: patches of 3 x 3, stride 1, padding -1; expected 1 or more, and padding 0 or more.");
        assertThatThrownBy(() -> images.patches(5, 1, 1, 0))
                .hasMessage("patches: patches of 5 x 1 of [1, 3, 4, 5] with padding 0; expected them no larger than the"
                        + " padded image.");
        assertThatThrownBy(() -> images.reshape(3, 4, 5).patches(1, 1, 1, 0))
                .hasMessage("patches: [3, 4, 5]; expected [batch, channels, height, width].");
    }
}
