package io.llm2clip.tensor;
import static org.assertj.core.api.Assertions.assertThat;
import java.util.*;
import org.junit.jupiter.api.Test;
class SmokeTest {
    @Test void mlp() {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(2,3), 1,2,3,4,5,6));
        Tensor w = Tensor.variable("w", TensorData.of(Shape.of(4,3), .1f,.2f,.3f,.4f,.5f,.6f,.7f,.8f,.9f,-.1f,-.2f,-.3f));
        Tensor b = Tensor.variable("b", TensorData.of(Shape.of(4), .1f,.2f,.3f,.4f));
        Tensor y = x.matmulTransposed(w).add(b).gelu().permute(1,0).reshape(8).square().mean();
        List<Tensor> out = new ArrayList<>(List.of(y)); out.addAll(Gradients.of(y, List.of(x,w,b)));
        var expected = Interpreter.evaluate(out, Map.of());
        try (Program p = Program.compile(out)) {
            p.plan().steps().forEach(s -> System.out.println(s.op()));
            var got = p.run();
            for (int i = 0; i < out.size(); i++) assertThat(got.get(i).toFloats()).as("%d", i).containsExactly(expected.get(i).toFloats(), org.assertj.core.data.Offset.offset(1e-5f));
        }
    }
}
