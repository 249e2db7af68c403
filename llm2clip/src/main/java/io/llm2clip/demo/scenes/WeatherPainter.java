package io.llm2clip.demo.scenes;

import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;

/** Paints what lies over everything else: the tint of the light, then rain, snow or fog; in pixels of 128. */
final class WeatherPainter {
    private static final int END = SceneRenderer.UNITS;

    private final Graphics2D graphics;
    private final Scene scene;
    private final SceneRandom random;

    WeatherPainter(Graphics2D graphics, Scene scene) {
        this.graphics = graphics;
        this.scene = scene;
        this.random = scene.random(Purpose.WEATHER);
    }

    void paint() {
        switch (scene.light()) {
            case DAWN -> tint(new Color(255, 190, 180, 30));
            case NOON -> {}
            case SUNSET -> tint(new Color(255, 110, 40, 34));
            case NIGHT -> tint(new Color(10, 14, 50, 85));
        }
        switch (scene.weather()) {
            case CLEAR, CLOUDS -> {}
            case RAIN -> rain();
            case SNOWFALL -> snow();
            case FOG -> fog();
        }
    }

    private void tint(Color colour) {
        graphics.setColor(colour);
        graphics.fill(new Rectangle2D.Double(0, 0, END, END));
    }

    private void rain() {
        graphics.setColor(new Color(225, 238, 252, 165));
        for (int i = 0; i < 70; i++) {
            double x = random.uniform(-2, END + 4);
            double y = random.uniform(-4, END);
            double length = random.uniform(5, 8.5);
            double lean = 0.32 * length;
            graphics.fill(Shapes.polygon(x, y, x + 0.9, y, x + 0.9 - lean, y + length, x - lean, y + length));
        }
    }

    private void snow() {
        graphics.setColor(new Color(255, 255, 255, 235));
        for (int i = 0; i < 75; i++) {
            graphics.fill(Shapes.circle(random.uniform(0, END), random.uniform(0, END), random.uniform(0.7, 1.7)));
        }
    }

    /** Thickest at the horizon, thinner close to the viewer. */
    private void fog() {
        Color fog = scene.light() == Light.NIGHT ? new Color(120, 124, 144) : new Color(218, 222, 228);
        graphics.setPaint(new GradientPaint(0, 0, alpha(fog, 110), 0, scene.horizon(), alpha(fog, 175)));
        graphics.fill(new Rectangle2D.Double(0, 0, END, scene.horizon()));
        graphics.setPaint(new GradientPaint(0, scene.horizon(), alpha(fog, 175), 0, END, alpha(fog, 120)));
        graphics.fill(new Rectangle2D.Double(0, scene.horizon(), END, END - scene.horizon()));
    }

    private static Color alpha(Color colour, int alpha) {
        return new Color(colour.getRed(), colour.getGreen(), colour.getBlue(), alpha);
    }
}
