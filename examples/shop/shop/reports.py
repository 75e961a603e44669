"""Figures, by async views: while the database works for one request, others go on."""

from __future__ import annotations

import asyncio

import marshmallow as ma
from flask import Blueprint as PlainBlueprint
from flask import abort
from flask_jwt_extended import current_user, jwt_required
from flask_smorest import Blueprint
from sqlalchemy import func, select

from .async_database import open_session
from .models import Order, Product

blp = Blueprint("reports", __name__, url_prefix="/api/reports", description="Figures")
bp = PlainBlueprint("stock", __name__)


class BestsellerSchema(ma.Schema):
    product_id = ma.fields.Integer()
    name = ma.fields.String()
    sold = ma.fields.Integer()


class BalanceSchema(ma.Schema):
    email = ma.fields.String()
    spent = ma.fields.Integer()
    earned = ma.fields.Integer()


@bp.get("/stock/<int(max=2147483647):number>")
async def stock(number):
    """Tell how much is left: an async view without a decorator."""
    left = await ask_number(select(Product.stock).where(Product.id == number))
    return {"stock": left} if left is not None else abort(404)


@blp.get("/bestsellers")
@blp.response(200, BestsellerSchema(many=True))
async def bestsellers():
    """List the ten products that were sold most."""
    sold = func.sum(Order.quantity)
    async with await open_session() as session:
        rows = await session.execute(
            select(Product.id.label("product_id"), Product.name, sold.label("sold"))
            .join(Order)
            .group_by(Product.id)
            .order_by(sold.desc(), Product.id)
            .limit(10)
        )
        return rows.mappings().all()


@blp.get("/balance")
@jwt_required()
@blp.response(200, BalanceSchema)
async def balance():
    """Tell what the user has spent and earned: two questions at once, on two connections."""
    total = func.coalesce(func.sum(Order.cost), 0)
    spent, earned = await asyncio.gather(
        ask_number(select(total).where(Order.buyer_id == current_user.id)),
        ask_number(select(total).join(Product).where(Product.seller_id == current_user.id)),
    )
    return {"email": current_user.email, "spent": spent, "earned": earned}


async def orders_of(user_id):
    """Give a user's orders, the newest first."""
    async with await open_session() as session:
        query = select(Order).filter_by(buyer_id=user_id).order_by(Order.id.desc())
        return (await session.scalars(query)).all()


async def ask_number(query):
    async with await open_session() as session:
        return await session.scalar(query)
