package io.llm2clip.nn.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Under which names tensors come, from what training programs save. */
class StateDictTest {
    private static final byte[] STORAGE = new byte[24];

    /** A dictionary of one tensor. */
    private static Pickle weights(Pickle pickle, String name) {
        return tensor(pickle.ops("}").text(name)).ops("s");
    }

    private static Pickle tensor(Pickle pickle) {
        return pickle.tensor("FloatStorage", "0", 6, 0, new long[] {6}, new long[] {1});
    }

    private static TensorFile read(Pickle pickle) {
        return Pickle.read(pickle.ops(".").archive(STORAGE));
    }

    @ParameterizedTest
    @CsvSource({
        "state_dict, w, w",
        "model_state_dict, w, w",
        "model, w, w",
        "module, w, w",
        "model_ema, w, w",
        "state_dict, module.w, w",
        "state_dict, _orig_mod.module.w, w",
        "state_dict, model.w, model.w",
        "encoder, w, encoder.w",
    })
    void findsTheWeightsWithinACheckpoint(String key, String name, String expected) {
        Pickle pickle = new Pickle().ops("}").text("epoch").ops("K\3s").text("best_acc1");
        tensor(pickle).ops("s").text(key);
        weights(pickle, name).ops("s").text("optimizer").ops("}").text("state").ops("}K\0");
        weights(pickle, "exp_avg").ops("sss");
        if (key.equals("encoder")) {
            assertThat(read(pickle).tensors()).containsOnlyKeys("best_acc1", expected);
        } else {
            assertThat(read(pickle).tensors()).containsOnlyKeys(expected);
        }
    }

    @Test
    void prefersTheDictionaryOfWeights() {
        Pickle pickle = new Pickle().ops("}").text("model_ema");
        weights(pickle, "averaged").ops("s").text("model");
        weights(pickle, "w").ops("s").text("state_dict").ops("}s");
        assertThat(read(pickle).tensors()).containsOnlyKeys("w");
    }

    @Test
    void findsWeightsWithinWeights() {
        Pickle pickle = new Pickle().ops("}").text("model").ops("}").text("state_dict");
        weights(pickle, "w").ops("ss");
        assertThat(read(pickle).tensors()).containsOnlyKeys("w");
    }

    /** A wrapper's prefix is before all names or is none. */
    @Test
    void keepsAPrefixThatSomeNamesLack() {
        Pickle pickle = new Pickle().ops("}").text("module.w");
        tensor(pickle).ops("s").text("scale");
        assertThat(read(tensor(pickle).ops("s")).tensors()).containsOnlyKeys("module.w", "scale");
    }

    /** It would depend on the order which of the two is read. */
    @Test
    void refusesATensorThatIsNamedTwice() {
        Pickle pickle = new Pickle().ops("}").text("a.b");
        tensor(pickle).ops("s").text("a");
        weights(pickle, "b").ops("s");
        assertThatThrownBy(() -> read(pickle))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(
                        "hostile.pt: tensor 'a.b': expected it once, found it twice, as a name and as a path of names; save one of them.");
    }

    @Test
    void takesTheLastOfEqualKeysAsPythonDoes() {
        Pickle pickle = new Pickle().ops("}").text("w").ops("Ns").text("w");
        assertThat(read(tensor(pickle).ops("s")).tensors()).containsOnlyKeys("w");
    }

    @Test
    void readsTheDictionariesOfPython2() {
        Pickle pickle = new Pickle().name("collections", "OrderedDict").ops("]").text("w");
        assertThat(read(tensor(pickle).op(0x86).ops("a").op(0x85).ops("R")).tensors())
                .containsOnlyKeys("w");
    }
}
