# %% [markdown]
# # Rebalancing from Python in five minutes
#
# Run it as it is, `python python/examples/quickstart.py`, or open it as a notebook: the cells are marked.

# %%
import gymnasium
import numpy as np

import rebalancing_gym

# %% [markdown]
# A portfolio of 60 % risky assets drifts; an action brings it 0, half of, or all the way back.

# %%
env = gymnasium.make("rebalancing_gym/TwoAssetMonthly-v0", render_mode="ansi")
observation, info = env.reset(seed=1)
for month in range(24):
    observation, reward, terminated, truncated, info = env.step(2 if month % 12 == 11 else 0)
print(env.render())

# %% [markdown]
# What does any trade cost at the very least, and what do rules cost? The law of this task is known, so
# both are exact.

# %%
optimum = rebalancing_gym.solve(env, unrestricted=True)
print(f"optimum {optimum.cost:.2f} bp a year, no trade between "
      f"{optimum.no_trade[0]:.1%} and {optimum.no_trade[1]:.1%}")
rules = ["rule:always", "rule:band(0.05)", "rule:closed_form"]
for row in rebalancing_gym.evaluate(env, *rules, exact=True)["policies"]:
    print(f"{row['name']:<24} {row['cost_bp_per_year']:7.2f} bp a year")

# %% [markdown]
# A policy of your own is a function of observations. The observation is the deviation from the target in
# half-widths of the closed-form band.


# %%
def band(observations: np.ndarray) -> np.ndarray:
    return np.where(np.abs(observations[:, 0]) > 1, 2, 0)


scored = rebalancing_gym.score(env, band, episodes=2000)
print(f"my band: {scored.cost:.3f} ± {scored.standard_error:.3f} bp a year on {scored.episodes} paths")

# %% [markdown]
# Many portfolios at once, at the speed of the Swift core.

# %%
envs = gymnasium.make_vec("rebalancing_gym/FourAssetR1-v0", num_envs=1024, copy=False)
envs.reset(seed=1)
total = np.zeros(1024)
for day in range(252):
    observations, rewards, terminations, truncations, infos = envs.step(
        np.full(1024, 2 if day % 63 == 62 else 0))
    total += rewards
print(f"mean reward of a year of quarterly rebalancing: {total.mean():.4f}")

# %% [markdown]
# Lots and taxes.

# %%
ledger = rebalancing_gym.Ledger()
ledger.buy("2023-01-03", "FUND", 100, 50.0)
ledger.sell("2024-03-01", "FUND", 40, 65.0, selection="hifo")
year = ledger.describe()["totals"]["years"][0]
print(f"tax of {year['year']}: {year['tax']:.2f}")
